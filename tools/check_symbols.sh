#!/usr/bin/env bash
# check_symbols.sh: libtend exports only names of its own, and needs only libm and the harmless part of libc.
#
#   tools/check_symbols.sh [BUILD]
#
# Four cases: every global symbol begins with tend_ (tend__ inside); every tend_ symbol without the second underscore
# is declared in include/tend/; every undefined symbol is tend's own heap door or on the list below; and nothing
# writable is global (libtend keeps no state between calls). Where there is a libtend.so, two more: it exports exactly
# what tests/capi/exports.txt lists, so that the ABI does not change silently, and what include/tend declares.
# The last line is `N passed, N failed`.
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C
build=${1:-build}
archive=$build/src/libtend.a
[ -e "$archive" ] || archive=$(find "$build" -name libtend.a 2>/dev/null | head -n 1)
if [ -z "$archive" ] || [ ! -e "$archive" ]; then
	echo "check_symbols: there is no libtend.a in '$build': build first"
	echo "0 passed, 1 failed"
	exit 1
fi

# What libtend may take from outside. No file, socket, clock, thread or environment; the heap only through tend__mem_*,
# whose implementation is linked beside libtend. stderr, fprintf and abort belong to the broken assertion alone. The
# locale functions are there to read numbers as in C whatever the host's locale is. __popcountdi2 and its like are the
# compiler's own helpers.
allowed='memchr memcmp memcpy memmove memset memmem strchr strcmp strlen strncmp strnlen strrchr strstr strspn strcspn
strcasecmp strncasecmp strtod strtod_l newlocale freelocale strtol strtoll strtoul strtoull
qsort bsearch snprintf vsnprintf abort fprintf stderr __errno_location __ctype_b_loc __ctype_tolower_loc
__ctype_toupper_loc tolower toupper
acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 expm1 fabs floor fma fmax fmin fmod
frexp hypot ldexp lgamma lgamma_r llrint llround log log10 log1p log2 logb lrint lround modf nan nearbyint nextafter pow
remainder rint round scalbn sin sincos sinh sqrt tan tanh tgamma trunc expf logf sqrtf floorf fabsf powf
_GLOBAL_OFFSET_TABLE_ __stack_chk_fail __popcountdi2 __clzdi2 __ctzdi2 __udivti3 __umodti3 __divti3 __modti3
__floatuntidf __floattidf'
# The checked forms that _FORTIFY_SOURCE puts in their place.
for name in memcpy memmove memset snprintf vsnprintf fprintf; do allowed="$allowed __${name}_chk"; done

passed=0
failed=0
verdict() { # NAME OFFENDERS
	if [ -z "$2" ]; then
		passed=$((passed + 1))
		echo "ok   $1"
	else
		failed=$((failed + 1))
		echo "FAIL $1:"
		printf '%s\n' "$2" | sed 's/^/    /'
	fi
}

symbols=$(nm -A -g "$archive" 2>/dev/null)
defined=$(printf '%s\n' "$symbols" | awk '$(NF-1) ~ /^[A-TV-Z]$/ && $(NF-1) != "U" {print $NF}' | sort -u)
verdict "every global symbol begins with tend_" "$(printf '%s\n' "$defined" | grep -v '^tend_' || true)"

public=$(printf '%s\n' "$defined" | grep '^tend_[^_]' || true)
undeclared=
for name in $public; do
	grep -qwr "$name" include/tend || undeclared="$undeclared$name"$'\n'
done
verdict "every public symbol is declared in include/tend" "${undeclared%$'\n'}"

needed=$(printf '%s\n' "$symbols" | awk '$(NF-1) == "U" {print $NF}' | sort -u)
foreign=$(comm -23 <(comm -23 <(printf '%s\n' "$needed") <(printf '%s\n' "$defined")) \
	<(tr -s ' \n' '\n' <<<"$allowed" | sort -u) | grep -v '^tend__mem_' || true)
[ -z "$foreign" ] || foreign=$(for name in $foreign; do
	printf '%s\n' "$symbols" | awk -v n="$name" '$NF == n && $(NF-1) == "U" {sub(/:[^:]*$/, "", $1); print n " in " $1}'
done)
# fprintf and stderr only where the assertion is.
stray=$(printf '%s\n' "$symbols" | grep -v 'fail\.c' |
	awk '$(NF-1) == "U" && $NF ~ /^(fprintf|__fprintf_chk|stderr|abort)$/ {print}')
verdict "what libtend needs is libm and the pure part of libc" "$(printf '%s\n%s' "$foreign" "$stray" | sed '/^$/d')"

# All symbols, static ones too: d, b (initialised, zeroed) that are not read-only are state.
state=$(nm -A "$archive" 2>/dev/null | awk '$(NF-1) ~ /^[dDbBC]$/ && $NF !~ /^(DW\.ref|__|\.L)/ {print}' |
	grep -v '\.data\.rel\.ro' || true)
if [ -n "$state" ]; then
	# Tables of pointers are shown as data by nm although the linker makes them read-only: ask for their section.
	writable=$(objdump -t "$archive" 2>/dev/null | grep -v '\.data\.rel\.ro' |
		awk '/[[:space:]]\.(data|bss|tdata|tbss)(\.[^r][^[:space:]]*)?[[:space:]]/ && $NF !~ /^\./ {print $NF}' | sort -u)
	state=$(printf '%s\n' "$state" | awk -v w=" $(tr '\n' ' ' <<<"$writable") " 'index(w, " " $NF " ")')
fi
verdict "libtend keeps no writable global" "$state"

shared=$(find "$build" -name libtend.so 2>/dev/null | head -n 1)
if [ -n "$shared" ]; then
	exported=$(nm -D --defined-only "$shared" | awk '{print $NF}' | sort -u)
	declared=$(sed -n 's/^TEND_API .*[ *]\(tend_[a-z0-9_]*\)(.*/\1/p' include/tend/*.h | sort -u)
	verdict "libtend.so exports what tests/capi/exports.txt lists (change it with the headers, and the version)" \
		"$(diff <(grep -v '^#' tests/capi/exports.txt) <(printf '%s\n' "$exported") | grep '^[<>]' || true)"
	verdict "libtend.so exports what include/tend declares" \
		"$(diff <(printf '%s\n' "$declared") <(printf '%s\n' "$exported") | grep '^[<>]' || true)"
fi

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
