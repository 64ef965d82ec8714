/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_shim.cpp: the one C++ file: simdjson's document, told to C functions one value at a time.
 *
 * Nothing throws: every call is simdjson's error-code form. simdjson allocates for itself, so this
 * is the one place whose memory does not come through base/mem.h. The depth is bounded by the
 * parser, and with it the recursion here.
 */
#include "json/json_shim.h"

#include <simdjson.h>

namespace
{

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::element_type;
using simdjson::dom::object;

bool tell(const element &value, const tend_json_sink &sink);

bool is_number(element_type type)
{
    return type == element_type::INT64 || type == element_type::UINT64 ||
           type == element_type::DOUBLE;
}

double to_double(const element &value)
{
    double number = 0;
    return value.get_double().get(number) == simdjson::SUCCESS ? number : 0;
}

// How many numbers an array is made of; 0 where it holds anything else.
size_t count_numbers(const array &items, bool &integers)
{
    size_t count = 0;
    integers = true;
    for (const element item : items) {
        if (!is_number(item.type())) {
            return 0;
        }
        integers = integers && item.type() == element_type::INT64;
        count++;
    }
    return count;
}

bool tell_numbers(const array &items, size_t count, bool integers, const tend_json_sink &sink)
{
    size_t idx = 0;
    if (integers) {
        int64_t *const out = sink.integers(sink.ctx, count);
        if (out == nullptr) {
            return false;
        }
        for (const element item : items) {
            int64_t number = 0;
            if (item.get_int64().get(number) != simdjson::SUCCESS) {
                return false;
            }
            out[idx++] = number;
        }
        return true;
    }
    double *const out = sink.reals(sink.ctx, count);
    if (out == nullptr) {
        return false;
    }
    for (const element item : items) {
        out[idx++] = to_double(item);
    }
    return true;
}

bool tell_array(const array &items, const tend_json_sink &sink)
{
    bool integers = false;
    const size_t count = count_numbers(items, integers);
    if (count > 0) {
        return tell_numbers(items, count, integers, sink);
    }
    if (!sink.array_begin(sink.ctx)) {
        return false;
    }
    for (const element item : items) {
        if (!tell(item, sink)) {
            return false;
        }
    }
    return sink.end(sink.ctx);
}

bool tell_object(const object &members, const tend_json_sink &sink)
{
    if (!sink.object_begin(sink.ctx)) {
        return false;
    }
    for (const auto member : members) {
        if (!sink.key(sink.ctx, member.key.data(), member.key.size()) ||
            !tell(member.value, sink)) {
            return false;
        }
    }
    return sink.end(sink.ctx);
}

bool tell(const element &value, const tend_json_sink &sink)
{
    switch (value.type()) {
    case element_type::OBJECT: {
        object members;
        return value.get_object().get(members) == simdjson::SUCCESS && tell_object(members, sink);
    }
    case element_type::ARRAY: {
        array items;
        return value.get_array().get(items) == simdjson::SUCCESS && tell_array(items, sink);
    }
    case element_type::STRING: {
        std::string_view text;
        return value.get_string().get(text) == simdjson::SUCCESS &&
               sink.text(sink.ctx, text.data(), text.size());
    }
    case element_type::INT64: {
        int64_t number = 0;
        return value.get_int64().get(number) == simdjson::SUCCESS && sink.integer(sink.ctx, number);
    }
    case element_type::UINT64:
    case element_type::DOUBLE:
        return sink.real(sink.ctx, to_double(value));
    case element_type::BOOL: {
        bool yes = false;
        return value.get_bool().get(yes) == simdjson::SUCCESS && sink.boolean(sink.ctx, yes);
    }
    case element_type::NULL_VALUE:
        return sink.null(sink.ctx);
    }
    return false;
}

tend_json_outcome outcome_of(simdjson::error_code code, const char **words)
{
    *words = simdjson::error_message(code);
    switch (code) {
    case simdjson::MEMALLOC:
        return TEND_JSON_NO_MEMORY;
    case simdjson::DEPTH_ERROR:
        return TEND_JSON_TOO_DEEP;
    default:
        return TEND_JSON_BAD;
    }
}

} // namespace

tend_json_outcome tend_json_shim_parse(const char *text, size_t len, size_t depth_max,
                                       const tend_json_sink *sink, const char **words)
{
    simdjson::dom::parser parser;
    simdjson::error_code code = parser.allocate(len < 64 ? 64 : len, depth_max);
    if (code != simdjson::SUCCESS) {
        return outcome_of(code, words);
    }
    element root;
    code = parser.parse(text, len).get(root);
    if (code != simdjson::SUCCESS) {
        return outcome_of(code, words);
    }
    return tell(root, *sink) ? TEND_JSON_FINE : TEND_JSON_STOPPED;
}
