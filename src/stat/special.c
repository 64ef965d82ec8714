/* SPDX-License-Identifier: Apache-2.0 */
/* special.c: see the header for the methods. Names in comments: A&S is Abramowitz and Stegun. */
#include "stat/special.h"

#include "base/compiler.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

#define PI 3.14159265358979323846
#define ITERATIONS_MAX 200000
#define TINY 1e-300

static const double NOT_A_NUMBER = (double)NAN;

/* ---- pieces of Loader's densities ---- */

/* Error of Stirling's formula, ln n! - ((n + 1/2) ln n - n + ln(2 pi) / 2), at n = 1/2, 1, 3/2 ..
 * 15; from 60-digit decimal arithmetic. */
static const double STIRLING_HALVES[30] = {
    0.15342640972002736,   0.08106146679532726,  0.05481412105191765,  0.0413406959554093,
    0.03316287351993629,   0.02767792568499834,  0.023746163656297496, 0.020790672103765093,
    0.018488450532673187,  0.016644691189821193, 0.015134973221917378, 0.013876128823070748,
    0.012810465242920227,  0.01189670994589177,  0.011104559758206917, 0.010411265261972096,
    0.009799416126158804,  0.009255462182712733, 0.008768700134139386, 0.00833056343336287,
    0.00793411456431402,   0.007573675487951841, 0.007244554301320383, 0.00694284010720953,
    0.006665247032707682,  0.006408994188004207, 0.006171712263039458, 0.0059513701127588475,
    0.0057462165130101155, 0.005554733551962801,
};

static double stirling_error(double n)
{
    if (n <= 15.0) {
        const double twice = 2.0 * n;
        if (twice >= 1.0 && twice == floor(twice)) {
            return STIRLING_HALVES[(int)twice - 1];
        }
        return log(tgamma(n + 1.0)) - (n + 0.5) * log(n) + n - 0.918938533204672741780;
    }
    const double s = 1.0 / (n * n);
    /* 1/12 n - 1/360 n^3 + 1/1260 n^5 - 1/1680 n^7 + 1/1188 n^9 - 691/360360 n^11 */
    return (1.0 / 12.0 -
            s * (1.0 / 360.0 -
                 s * (1.0 / 1260.0 -
                      s * (1.0 / 1680.0 - s * (1.0 / 1188.0 - s * (691.0 / 360360.0)))))) /
           n;
}

double tend__log1p_minus_x(double x)
{
    if (fabs(x) > 0.4) {
        return log1p(x) - x;
    }
    /* ln(1 + x) = 2 artanh(r), r = x / (2 + x): 2 r - x = -r x, then the odd powers. */
    const double r = x / (2.0 + x);
    const double square = r * r;
    double sum = 0.0;
    double power = r;
    for (int i = 3; i < 60; i += 2) {
        power *= square;
        const double term = power / i;
        sum += term;
        if (fabs(term) < 1e-18 * fabs(sum)) {
            break;
        }
    }
    return 2.0 * sum - r * x;
}

/* Loader's deviance x ln(x / m) + m - x, x and m > 0. */
static double deviance(double x, double m)
{
    const double d = (m - x) / x;
    if (fabs(d) < 0.4) {
        return -x * tend__log1p_minus_x(d);
    }
    return x * log(x / m) + (m - x);
}

double tend__poisson_density(double a, double x)
{
    if (isnan(a) || isnan(x) || a < 0.0 || x < 0.0) {
        return NOT_A_NUMBER;
    }
    if (x == 0.0 || isinf(x)) {
        return a == 0.0 && x == 0.0 ? 1.0 : 0.0;
    }
    if (a == 0.0) {
        return exp(-x);
    }
    if (a < 1e-3) {
        return exp(-x + a * log(x)) / tgamma(a + 1.0);
    }
    return exp(-stirling_error(a) - deviance(a, x)) / sqrt(2.0 * PI * a);
}

/* x^a y^b / (a B(a, b)), y = 1 - x given as such. */
static double beta_prefactor(double a, double b, double x, double y)
{
    const double n = a + b;
    if (a < 1e-3 || b < 1e-3) {
        return exp(a * log(x) + b * log(y)) *
               (tgamma(n + 1.0) / (tgamma(a + 1.0) * tgamma(b + 1.0))) * (b / n);
    }
    const double log_density = stirling_error(n) - stirling_error(a) - stirling_error(b) -
                               deviance(a, n * x) - deviance(b, n * y);
    return exp(log_density) * sqrt(b / (2.0 * PI * a * n));
}

/* ---- normal ---- */

double tend__normal_cdf(double z)
{
    return 0.5 * erfc(-z / 1.41421356237309504880);
}

double tend__normal_sf(double z)
{
    return 0.5 * erfc(z / 1.41421356237309504880);
}

static double evaluate(const double *c, int degree, double x)
{
    double sum = c[degree];
    for (int i = degree - 1; i >= 0; i--) {
        sum = sum * x + c[i];
    }
    return sum;
}

/* Wichura (1988), algorithm AS 241, PPND16. */
double tend__normal_quantile(double p)
{
    static const double A[8] = {3.3871328727963666080e0,  1.3314166789178437745e+2,
                                1.9715909503065514427e+3, 1.3731693765509461125e+4,
                                4.5921953931549871457e+4, 6.7265770927008700853e+4,
                                3.3430575583588128105e+4, 2.5090809287301226727e+3};
    static const double B[8] = {1.0,
                                4.2313330701600911252e+1,
                                6.8718700749205790830e+2,
                                5.3941960214247511077e+3,
                                2.1213794301586595867e+4,
                                3.9307895800092710610e+4,
                                2.8729085735721942674e+4,
                                5.2264952788528545610e+3};
    static const double C[8] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                5.76949722146069140550e0,  3.64784832476320460504e0,
                                1.27045825245236838258e0,  2.41780725177450611770e-1,
                                2.27238449892691845833e-2, 7.74545014278341407640e-4};
    static const double D[8] = {1.0,
                                2.05319162663775882187e0,
                                1.67638483018380384940e0,
                                6.89767334985100004550e-1,
                                1.48103976427480074590e-1,
                                1.51986665636164571966e-2,
                                5.47593808499534494600e-4,
                                1.05075007164441684324e-9};
    static const double E[8] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                                1.78482653991729133580e0,  2.96560571828504891230e-1,
                                2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                2.71155556874348757815e-5, 2.01033439929228813265e-7};
    static const double F[8] = {1.0,
                                5.99832206555887937690e-1,
                                1.36929880922735805310e-1,
                                1.48753612908506148525e-2,
                                7.86869131145613259100e-4,
                                1.84631831751005468180e-5,
                                1.42151175831644588870e-7,
                                2.04426310338993978564e-15};
    if (!(p >= 0.0 && p <= 1.0)) {
        return NOT_A_NUMBER;
    }
    if (p == 0.0 || p == 1.0) {
        return p == 0.0 ? (double)-INFINITY : (double)INFINITY;
    }
    const double q = p - 0.5;
    if (fabs(q) <= 0.425) {
        const double r = 0.180625 - q * q;
        return q * evaluate(A, 7, r) / evaluate(B, 7, r);
    }
    const double tail = sqrt(-log(q < 0.0 ? p : 1.0 - p));
    const double z = tail <= 5.0 ? evaluate(C, 7, tail - 1.6) / evaluate(D, 7, tail - 1.6)
                                 : evaluate(E, 7, tail - 5.0) / evaluate(F, 7, tail - 5.0);
    return q < 0.0 ? -z : z;
}

/* ---- gamma and chi-squared ---- */

/* P by its series, A&S 6.5.29: good for x < a + 1. */
static double gamma_series(double a, double x)
{
    double term = 1.0;
    double sum = 1.0;
    for (int i = 1; i < ITERATIONS_MAX; i++) {
        term *= x / (a + i);
        sum += term;
        if (term < sum * 1e-17) {
            break;
        }
    }
    return tend__poisson_density(a, x) * sum;
}

/* Q by the continued fraction A&S 6.5.31 (Lentz's evaluation): good for x >= a + 1. */
static double gamma_fraction(double a, double x)
{
    double b = x + 1.0 - a;
    double c = 1.0 / TINY;
    double d = 1.0 / b;
    double h = d;
    for (int i = 1; i < ITERATIONS_MAX; i++) {
        const double an = -i * (i - a);
        b += 2.0;
        d = an * d + b;
        d = fabs(d) < TINY ? TINY : d;
        c = b + an / c;
        c = fabs(c) < TINY ? TINY : c;
        d = 1.0 / d;
        const double step = d * c;
        h *= step;
        if (fabs(step - 1.0) < 3e-16) {
            break;
        }
    }
    /* x^a e^-x / Gamma(a) = a times the density at a */
    return a * tend__poisson_density(a, x) * h;
}

/* Beyond this size of a the exact ways take too many steps; Wilson and Hilferty's cube root is then
 * good to 1e-8. */
#define GAMMA_LARGE 1e8

static double cube_root_z(double a, double x)
{
    return (cbrt(x / a) - (1.0 - 1.0 / (9.0 * a))) * 3.0 * sqrt(a);
}

double tend__gamma_p(double a, double x)
{
    if (!(a > 0.0) || !(x >= 0.0) || isinf(a)) {
        return NOT_A_NUMBER;
    }
    if (x == 0.0 || isinf(x)) {
        return x == 0.0 ? 0.0 : 1.0;
    }
    if (a > GAMMA_LARGE) {
        return tend__normal_cdf(cube_root_z(a, x));
    }
    return x < a + 1.0 ? gamma_series(a, x) : 1.0 - gamma_fraction(a, x);
}

double tend__gamma_q(double a, double x)
{
    if (!(a > 0.0) || !(x >= 0.0) || isinf(a)) {
        return NOT_A_NUMBER;
    }
    if (x == 0.0 || isinf(x)) {
        return x == 0.0 ? 1.0 : 0.0;
    }
    if (a > GAMMA_LARGE) {
        return tend__normal_sf(cube_root_z(a, x));
    }
    return x < a + 1.0 ? 1.0 - gamma_series(a, x) : gamma_fraction(a, x);
}

double tend__chi2_cdf(double x, double df)
{
    return x <= 0.0 && df > 0.0 ? 0.0 : tend__gamma_p(0.5 * df, 0.5 * x);
}

double tend__chi2_sf(double x, double df)
{
    return x <= 0.0 && df > 0.0 ? 1.0 : tend__gamma_q(0.5 * df, 0.5 * x);
}

double tend__chi2_quantile(double p, double df)
{
    if (!(p >= 0.0 && p <= 1.0) || !(df > 0.0)) {
        return NOT_A_NUMBER;
    }
    if (p == 0.0 || p == 1.0) {
        return p == 0.0 ? 0.0 : (double)INFINITY;
    }
    const double a = 0.5 * df;
    const bool upper = p > 0.5;
    const double tail = upper ? 1.0 - p : p;
    const double z = tend__normal_quantile(p);
    const double root = 1.0 - 1.0 / (9.0 * a) + z / (3.0 * sqrt(a));
    /* Where Wilson and Hilferty's start is useless, invert the first term of the series: P = x^a /
     * Gamma(a + 1). */
    double x =
        root > 0.1 ? a * root * root * root : exp((log(p) + log(tgamma(fmin(a, 100.0) + 1.0))) / a);
    x = x > 0.0 ? x : DBL_MIN;
    double low = 0.0;
    double high = (double)INFINITY;
    for (int i = 0; i < 200; i++) {
        const double now = upper ? tend__gamma_q(a, x) : tend__gamma_p(a, x);
        if ((now > tail) == upper) {
            low = x;
        } else {
            high = x;
        }
        /* Newton on the logarithm of the tail against the logarithm of x. */
        const double slope = a * tend__poisson_density(a, x) / now;
        double step = (log(now) - log(tail)) / (upper ? slope : -slope);
        step = step > 2.0 ? 2.0 : (step < -2.0 ? -2.0 : step);
        double next = x * exp(step);
        if (!(next > low && next < high)) {
            next = isinf(high) ? 2.0 * x : (low > 0.0 ? sqrt(low) * sqrt(high) : 0.5 * high);
        }
        if (fabs(next - x) <= 4e-16 * x) {
            return 2.0 * next;
        }
        x = next;
    }
    return 2.0 * x;
}

/* ---- beta, Student, binomial ---- */

/* The continued fraction A&S 26.5.8 by Lentz; good for x < (a + 1) / (a + b + 2). */
static double beta_fraction(double a, double b, double x)
{
    const double sum = a + b;
    double c = 1.0;
    double d = 1.0 - sum * x / (a + 1.0);
    d = 1.0 / (fabs(d) < TINY ? TINY : d);
    double h = d;
    for (int i = 1; i < ITERATIONS_MAX; i++) {
        const double m = i;
        const double twice = a + 2.0 * m;
        const double even = m * (b - m) * x / ((twice - 1.0) * twice);
        d = 1.0 + even * d;
        d = 1.0 / (fabs(d) < TINY ? TINY : d);
        c = 1.0 + even / c;
        c = fabs(c) < TINY ? TINY : c;
        h *= d * c;
        const double odd = -(a + m) * (sum + m) * x / (twice * (twice + 1.0));
        d = 1.0 + odd * d;
        d = 1.0 / (fabs(d) < TINY ? TINY : d);
        c = 1.0 + odd / c;
        c = fabs(c) < TINY ? TINY : c;
        const double step = d * c;
        h *= step;
        if (fabs(step - 1.0) < 3e-16) {
            break;
        }
    }
    return h;
}

/* I_x(a, b) with y = 1 - x given as such. */
static double beta_lower(double a, double b, double x, double y)
{
    if (x <= 0.0 || y <= 0.0) {
        return x <= 0.0 ? 0.0 : 1.0;
    }
    if (x < (a + 1.0) / (a + b + 2.0)) {
        return beta_prefactor(a, b, x, y) * beta_fraction(a, b, x);
    }
    return 1.0 - beta_prefactor(b, a, y, x) * beta_fraction(b, a, y);
}

double tend__beta_cdf(double x, double a, double b)
{
    if (!(a > 0.0) || !(b > 0.0) || isnan(x) || isinf(a) || isinf(b)) {
        return NOT_A_NUMBER;
    }
    return beta_lower(a, b, x, 1.0 - x);
}

#define STUDENT_LARGE 1e4

/* G. W. Hill (1970), "Algorithm 395: Student's t-distribution": a normal deviate to within b^-3.
 * From STUDENT_LARGE on it is better than the fraction, which loses digits where t^2 is small
 * against df. */
static double student_to_normal(double t, double df)
{
    const double a = df - 0.5;
    const double b = 48.0 * a * a;
    const double square = a * log1p(t * t / df);
    const double w = sqrt(square);
    const double third = ((4.0 * square + 33.0) * square + 240.0) * square + 855.0;
    return w + w * (square + 3.0) / b -
           w * third / (10.0 * b * (b + 0.8 * square * square + 100.0));
}

/* P(T > t) for t >= 0. */
static double student_tail(double t, double df)
{
    const double square = t * t;
    if (df >= STUDENT_LARGE) {
        return tend__normal_sf(student_to_normal(t, df));
    }
    if (isinf(square)) {
        return 0.0;
    }
    const double total = df + square;
    return 0.5 * beta_lower(0.5 * df, 0.5, df / total, square / total);
}

double tend__student_cdf(double t, double df)
{
    if (isnan(t) || !(df > 0.0)) {
        return NOT_A_NUMBER;
    }
    if (df > 1e12) {
        return tend__normal_cdf(t);
    }
    const double tail = student_tail(fabs(t), df);
    return t < 0.0 ? tail : 1.0 - tail;
}

double tend__student_quantile(double p, double df)
{
    if (!(p >= 0.0 && p <= 1.0) || !(df > 0.0)) {
        return NOT_A_NUMBER;
    }
    if (df > 1e12 || p == 0.0 || p == 1.0 || p == 0.5) {
        return p == 0.5 ? 0.0 : tend__normal_quantile(p);
    }
    const double tail = p < 0.5 ? p : 1.0 - p;
    const double z = -tend__normal_quantile(tail);
    /* The start: one term of the expansion around the normal (A&S 26.7.5); then Newton in ln t on
     * ln of the tail. */
    const double half = 0.5 * df;
    const double density_factor =
        beta_prefactor(half, 0.5, 0.5, 0.5) * half * exp((half + 0.5) * log(2.0));
    double t = z + z * (z * z + 1.0) / (4.0 * df);
    double low = 0.0;
    double high = (double)INFINITY;
    for (int i = 0; i < 300; i++) {
        const double now = student_tail(t, df);
        if (now > tail) {
            low = t;
        } else {
            high = t;
        }
        const double density = density_factor * exp(-(half + 0.5) * log1p(t * t / df)) / sqrt(df);
        double step = (log(now) - log(tail)) * now / (density * t);
        step = step > 2.0 ? 2.0 : (step < -2.0 ? -2.0 : step);
        double next = now > 0.0 ? t * exp(step) : 0.5 * t;
        if (!(next > low && next < high)) {
            next = isinf(high) ? 2.0 * t : 0.5 * (low + high);
        }
        if (fabs(next - t) <= 4e-16 * t) {
            t = next;
            break;
        }
        t = next;
    }
    return p < 0.5 ? -t : t;
}

double tend__binomial_at_least(uint64_t k, uint64_t n, double p)
{
    if (!(p >= 0.0 && p <= 1.0)) {
        return NOT_A_NUMBER;
    }
    if (k == 0 || k > n) {
        return k == 0 ? 1.0 : 0.0;
    }
    return beta_lower((double)k, (double)(n - k) + 1.0, p, 1.0 - p);
}

double tend__binomial_at_most(uint64_t k, uint64_t n, double p)
{
    if (!(p >= 0.0 && p <= 1.0)) {
        return NOT_A_NUMBER;
    }
    if (k >= n) {
        return 1.0;
    }
    return beta_lower((double)(n - k), (double)k + 1.0, 1.0 - p, p);
}

/* ---- Kolmogorov ---- */

double tend__kolmogorov_sf(double x)
{
    if (isnan(x)) {
        return x;
    }
    if (x <= 0.04) {
        return 1.0;
    }
    double sum = 0.0;
    if (x < 1.18) {
        /* Jacobi's theta transformation converges where the alternating series does not. */
        for (int i = 1; i < 20; i += 2) {
            const double term = exp(-(i * i) * PI * PI / (8.0 * x * x));
            sum += term;
            if (term < 1e-18 * sum) {
                break;
            }
        }
        return 1.0 - sqrt(2.0 * PI) / x * sum;
    }
    double sign = 1.0;
    for (int i = 1; i < 20; i++) {
        const double term = exp(-2.0 * (i * i) * x * x);
        sum += sign * term;
        sign = -sign;
        if (term <= 1e-18 * sum) {
            break;
        }
    }
    return 2.0 * sum;
}
