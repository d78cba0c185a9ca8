/* num.h - numbers as the shortest text that reads back the same, whatever the locale.
 *
 * The digits are the fewest (15 to 17 for a double, 6 to 9 for a float, zeros at the end dropped);
 * the form is plain from 1e-6 up to 1e17, else with an exponent: what has neither point nor
 * exponent fits 64 bits, which is how JSON readers take it. Threads: pure. */
#ifndef SOTTO_BASE_NUM_H
#define SOTTO_BASE_NUM_H

#include <stddef.h>
#include <stdint.h>

#define NUM_TEXT 40 /* enough for each of them, with the NUL */

/* Each returns the length. NaN and infinities give "NaN", "+Inf", "-Inf" (as Prometheus wants). */
size_t num_format(double v, char out[NUM_TEXT]);
size_t num_format_float(float v, char out[NUM_TEXT]);
size_t num_format_int(int64_t v, char out[NUM_TEXT]);

#endif
