// Compares every function of every table of kernels that this processor can run with plain double-precision
// code. Built and run by Scripts/check-neon: natively, and for arm64 in an emulator. Arguments, if any, are
// the names of the tables that must be there, best first. Ends with "N passed, N failed".
//
// Every buffer ends at a page that can't be touched, so a read past an input crashes; every output is
// poisoned first, and a few poisoned bytes after it must survive.

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CKernels.h"
#include "support.h"

enum { panel = swiftlet_panel_columns };

static const double u = 0x1p-24;  // unit roundoff of fp32
static const double u_bf16 = 0x1p-8;
static const swiftlet_kernels *kernels;
static long passed, failed;

// One check. The first failures are described.
static void expect(int right, const char *format, ...) {
  if (right) {
    passed++;
    return;
  }
  if (failed++ >= 20) return;
  va_list list;
  va_start(list, format);
  printf("  %s: ", kernels ? kernels->name : "dispatch");
  vprintf(format, list);
  printf("\n");
  va_end(list);
}

static double exact_gelu(double x) { return x / 2 * erfc(-x / sqrt(2)); }

// How far an activation's own arithmetic may be off at x.
static double activation_limit(double x, swiftlet_activation activation) {
  // 2e-4 on [-8, 8] as the header promises; beyond, the same relative to x.
  if (activation == swiftlet_activation_gelu_coarse) return 2e-4 * fmax(1, fabs(x) / 8) + 8 * u * fabs(x);
  // A few ulp, and what the rounding of z^2 makes of exp(-z^2); where that is below 2^-64, the tail is left out.
  if (activation == swiftlet_activation_gelu)
    return fabs(exact_gelu(x)) * (x < 0 && x * x / 2 > 44.36 ? 1 : (12 + 2 * x * x) * u);
  return 0;
}

// MARK: products

typedef struct {
  swiftlet_activation activation;
  int bias, residual, in_place, row_scale, bf16;
} variant;

static const variant variants[] = {
    {.bias = 0},  // nothing but the product: stored without the epilogue
    {.bias = 1},
    {.bias = 1, .activation = swiftlet_activation_gelu},
    {.bias = 1, .activation = swiftlet_activation_gelu_coarse, .bf16 = 1},
    {.bias = 1, .residual = 1},
    {.bias = 1, .residual = 1, .in_place = 1, .activation = swiftlet_activation_gelu},
    {.row_scale = 1},
    {.row_scale = 1, .bf16 = 1},
    {.bias = 1, .row_scale = 1, .residual = 1, .activation = swiftlet_activation_gelu_coarse},
};

static void check_product(swiftlet_operands operands, size_t rows, size_t depth, size_t columns,
                          int overlapping) {
  const size_t groups[] = {1, 1, 2, 4}, a_sizes[] = {4, 4, 2, 1}, b_sizes[] = {4, 2, 2, 1};
  const size_t group = groups[operands], a_size = a_sizes[operands], b_size = b_sizes[operands];
  depth = (depth + group - 1) / group * group;
  const size_t panels = (columns + panel - 1) / panel, all = rows + 2;
  const size_t a_step = overlapping ? (depth / 2 / group + 1) * group : depth;
  const size_t a_count = (all - 1) * a_step + depth, b_count = panels * panel * depth;
  const int bytes = operands == swiftlet_operands_int8;

  // The operands as the kernels take them, and as doubles.
  char *a = input(a_count * a_size), *b = input(b_count * b_size);
  double *a_exact = malloc(a_count * sizeof *a_exact), *b_exact = malloc(b_count * sizeof *b_exact);
  for (size_t i = 0; i < a_count; i++) {
    float x = random_float(-1, 1);
    uint16_t half = to_bf16(x);
    uint8_t byte = random_bits() % 8 ? (uint8_t)random_bits() : random_bits() % 2 ? 255 : 0;
    a_exact[i] = bytes ? byte : operands == swiftlet_operands_bf16 ? from_bf16(half) : x;
    memcpy(a + i * a_size, bytes ? (void *)&byte : a_size == 2 ? (void *)&half : (void *)&x, a_size);
  }
  int32_t *sums = input(panels * panel * sizeof *sums);
  memset(sums, 0, panels * panel * sizeof *sums);
  for (size_t column = 0; column < panels * panel; column++)
    for (size_t k = 0; k < depth; k++) {
      float x = column < columns ? random_float(-1, 1) : 0;
      uint16_t half = to_bf16(x);
      int8_t byte = (int8_t)(random_bits() % 8 ? (int)(random_bits() % 255) - 127 : -127);
      if (column >= columns) byte = 0;
      double exact = x;
      if (operands == swiftlet_operands_f16) {  // up to 2 in size; subnormal numbers too
        half = (uint16_t)(random_bits() & 0xbfff);
        if (random_bits() % 4 == 0) half &= 0x83ff;
        if (column >= columns) half = 0;
        exact = from_f16(half);
      } else if (operands == swiftlet_operands_bf16) {
        exact = from_bf16(half);
      } else if (bytes) {
        exact = byte;
        sums[column] += byte;
      }
      b_exact[column * depth + k] = exact;
      size_t place = column % panel * group + k % group;
      size_t at = (column / panel * (depth / group) + k / group) * panel * group + place;
      memcpy(b + at * b_size, bytes ? (void *)&byte : b_size == 2 ? (void *)&half : (void *)&x, b_size);
    }
  float *a_scale = floats(all, 0.001f, 0.01f), *b_scale = floats(panels * panel, 0.001f, 0.01f);
  float *bias = floats(panels * panel, -1, 1), *row_scale = floats(all, 0.5f, 2);
  int32_t *zero = input(all * sizeof *zero);
  for (size_t i = 0; i < all; i++) zero[i] = (int32_t)(random_bits() % 256);

  // Sums, and the sums of the terms' magnitudes, by which errors are measured.
  double *exact = malloc(rows * columns * sizeof *exact), *size = malloc(rows * columns * sizeof *size);
  for (size_t row = 0; row < rows; row++)
    for (size_t column = 0; column < columns; column++) {
      double sum = 0, magnitude = 0;
      for (size_t k = 0; k < depth; k++) {
        double left = a_exact[(row + 1) * a_step + k] - (bytes ? zero[row + 1] : 0);
        double term = left * b_exact[column * depth + k];
        sum += term;
        magnitude += fabs(term);
      }
      double scale = bytes ? (double)a_scale[row + 1] * b_scale[column] : 1;
      exact[row * columns + column] = sum * scale;
      // The forward bound of an inner product is (depth + some) u; bytes are summed without any error.
      size[row * columns + column] = bytes ? fabs(sum * scale) * 8 * u : magnitude * ((double)depth + 8) * u;
    }

  // Row 0 and the last row are there to be left alone, and so is what lies between a row's end and the next.
  const size_t stride = columns + 3;
  for (size_t v = 0; v < sizeof variants / sizeof *variants; v++) {
    const variant with = variants[v];
    const size_t kept = map_count, c_size = with.bf16 ? 2 : 4;
    float *residual = floats(all * stride, -1, 1);
    char *c = output(all * stride * c_size);
    if (with.in_place)
      for (size_t row = 1; row <= rows; row++)
        memcpy(c + row * stride * 4, residual + row * stride, columns * 4);
    const swiftlet_product product = {
        .operands = operands, .activation = with.activation, .a = a, .a_stride = a_step * a_size,
        .a_scale = bytes ? a_scale : NULL, .a_zero = bytes ? zero : NULL, .b = b,
        .b_panel_stride = depth * panel * b_size, .b_scale = bytes ? b_scale : NULL,
        .b_sum = bytes ? sums : NULL,
        .depth = depth, .row_scale = with.row_scale ? row_scale : NULL, .bias = with.bias ? bias : NULL,
        .residual = !with.residual ? NULL : with.in_place ? (const float *)c : residual,
        .residual_stride = stride,
        .c = c, .c_stride = stride,
        .c_rows = with.bf16 ? swiftlet_rows_bf16 : swiftlet_rows_f32, .columns = columns};
    if (v % 2) {  // in one piece, or cut as threads would cut it
      kernels->product(&product, 1, rows + 1, 0, panels);
    } else {
      kernels->product(&product, 1, rows + 1, panels - 1, panels);
      kernels->product(&product, 1, 1 + rows / 2, 0, panels - 1);
      kernels->product(&product, 1 + rows / 2, rows + 1, 0, panels - 1);
    }

    double worst = 0;  // the largest error, as a part of what is allowed
    int alone = is_poison(c, stride * c_size) &&
                is_poison(c + (rows + 1) * stride * c_size, stride * c_size + slack);
    for (size_t row = 1; row <= rows; row++) {
      alone = alone && is_poison(c + (row * stride + columns) * c_size, (stride - columns) * c_size);
      for (size_t column = 0; column < columns; column++) {
        const size_t at = (row - 1) * columns + column;
        double x = exact[at], limit = size[at];
        if (with.row_scale) x *= row_scale[row], limit *= row_scale[row];
        if (with.bias) x += bias[column], limit += 2 * u * (fabs(x) + fabs(bias[column]));
        limit = 1.13 * limit + activation_limit(x, with.activation);  // 1.13 is gelu's largest slope
        if (with.activation != swiftlet_activation_none) x = exact_gelu(x);
        if (with.residual) x += residual[row * stride + column], limit += 2 * u * (fabs(x) + 1);
        limit += 2 * u * fabs(x) + 1e-37;
        if (with.bf16) limit += u_bf16 * (fabs(x) + limit);
        char *p = c + (row * stride + column) * c_size;
        float result;
        memcpy(&result, p, c_size);
        if (with.bf16) result = from_bf16(*(uint16_t *)p);
        double error = fabs(result - x) / limit;
        if (!(error <= worst)) worst = error;  // NaN stays
      }
    }
    expect(worst <= 1, "product of operands %d, %zu x %zu x %zu, variant %zu: %g of the limit", (int)operands,
           rows, depth, columns, v, worst);
    expect(alone, "product of operands %d, %zu x %zu x %zu, variant %zu wrote where it must not",
           (int)operands, rows, depth, columns, v);
    release(kept);
  }
  free(a_exact), free(b_exact), free(exact), free(size);
  release(0);
}

static void check_products(void) {
  const size_t depths[] = {1, 5, 7, 24, 67}, columns[] = {1, 64, 83, 130};
  for (int operands = 0; operands < 4; operands++) {
    for (size_t rows = 1; rows <= 14; rows++)
      for (int i = 0; i < 5; i++)
        for (int j = 0; j < 4; j++)
          check_product(operands, rows == 14 ? 50 : rows, depths[i], columns[j], (i + j) % 3 == 0);
    // Blocks of tiles, whole and with something left over in either direction.
    const size_t high[] = {16, 17, 31, 32, 33, 48, 49}, deep[] = {64, 96, 128};
    for (int i = 0; i < 7; i++)
      for (int j = 0; j < 3; j++) check_product(operands, high[i], deep[j], columns[(i + j) % 4], (i + j) % 3 == 0);
    // Deep enough to be cut into pieces, and more rows than one chunk of such a product.
    check_product(operands, 7, 1603, 70, 1);
    check_product(operands, 50, 1603, 21, 0);
  }
}

// MARK: rows

// Checks a row of any kind against `exact`; `limit` is what each value may be off before it is rounded.
static void check_row(const char *what, swiftlet_row row, size_t count, const double *exact,
                      const double *limit) {
  const size_t sizes[] = {4, 2, 1}, bytes = count * sizes[row.rows];
  double worst = 0, low = 0, high = 0;
  for (size_t i = 0; i < count; i++) low = fmin(low, exact[i]), high = fmax(high, exact[i]);
  for (size_t i = 0; i < count; i++) {
    double x, allowed = limit[i] + 1e-38;
    if (row.rows == swiftlet_rows_f32) {
      x = ((float *)row.out)[i];
    } else if (row.rows == swiftlet_rows_bf16) {
      x = from_bf16(((uint16_t *)row.out)[i]), allowed += u_bf16 * (fabs(exact[i]) + allowed);
    } else {
      // Half a step, and once more where the rounded zero pushes an end of the range out.
      x = (double)*row.scale * (((uint8_t *)row.out)[i] - *row.zero);
      allowed += *row.scale * (exact[i] <= low || exact[i] >= high ? 1.001 : 0.502);
    }
    if (!(fabs(x - exact[i]) <= worst * allowed)) worst = fabs(x - exact[i]) / allowed;
  }
  expect(worst <= 1, "%s of %zu to kind %d: %g of the limit", what, count, (int)row.rows, worst);
  expect(is_poison((char *)row.out + bytes, slack), "%s of %zu to kind %d wrote past the end", what, count,
         (int)row.rows);
  if (row.rows != swiftlet_rows_u8) return;
  double scale = (high - low) / 255;
  const int scaled = fabs(*row.scale - (scale > 0x1p-126 ? scale : 1)) <= scale * 1e-3 + 1e-6;
  expect(scaled && *row.zero >= 0 && *row.zero <= 255,
         "%s of %zu: scale %g, zero %d", what, count, (double)*row.scale, *row.zero);
}

static swiftlet_row row_of(swiftlet_row first, size_t row) {
  first.out = (char *)first.out + row * first.stride;
  first.scale += row;
  first.zero += row;
  return first;
}

static void check_rows(void) {
  const size_t sizes[] = {4, 2, 1}, counts[] = {1, 2, 3, 4, 5, 7, 8, 13, 16, 31, 64, 67, 384, 1280};
  for (size_t n = 0; n < sizeof counts / sizeof *counts; n++)
    for (int kind = 0; kind < 3; kind++)
      for (int range = 0; range < 4; range++) {  // both signs, above 0, below 0, nothing but 0
        const size_t count = counts[n];
        const float low = range == 1 ? 100 : range == 3 ? 0 : -3;
        const float high = range == 1 ? 102 : range == 0 ? 4 : 0;
        // Two rows, with room between them on both sides.
        const size_t stride = count + 3, out_stride = count * sizes[kind] + slack;
        float *x = floats(2 * stride, low, high), *gamma = floats(count, -1, 1), *beta = floats(count, -1, 1);
        float *scratch = output(count * 4), scale[2] = {0};
        int32_t zero[2] = {-1, -1};
        double exact[1280], limit[1280];
        swiftlet_row to = {(swiftlet_rows)kind, output(2 * out_stride), out_stride, scale, zero};
        kernels->convert(x, stride, 0.37f, 2, count, to);
        for (size_t r = 0; r < 2; r++) {
          const float *from = x + r * stride;
          for (size_t i = 0; i < count; i++) exact[i] = (double)from[i] * 0.37f, limit[i] = 2 * u * fabs(exact[i]);
          check_row("convert", row_of(to, r), count, exact, limit);
        }

        // The mean of values near 100 is off by a few units of its last place, which the scale makes larger.
        to.out = output(2 * out_stride);
        kernels->layer_norm(x, stride, gamma, beta, 1e-5f, 2, count, scratch, to);
        for (size_t r = 0; r < 2; r++) {
          const float *from = x + r * stride;
          double mean = 0, variance = 0;
          for (size_t i = 0; i < count; i++) mean += from[i] / (double)count;
          for (size_t i = 0; i < count; i++) variance += (from[i] - mean) * (from[i] - mean) / (double)count;
          for (size_t i = 0; i < count; i++) {
            exact[i] = (from[i] - mean) / sqrt(variance + 1e-5) * gamma[i] + beta[i];
            limit[i] = fmax(fabs(low), fabs(high)) * 16 * u / sqrt(variance + 1e-5) + 1e-5;
          }
          check_row("layer_norm", row_of(to, r), count, exact, limit);
        }
        expect(is_poison(scratch + count, slack), "layer_norm of %zu wrote past its scratch", count);
        release(0);
      }
}

// exp(x + bias - max), also in place, and 2^(x + bias - max), GELU and argmax.
static void check_elementary(size_t count) {
  for (int biased = 0; biased < 2; biased++)
    for (int narrow = 0; narrow < 2; narrow++) {
      float *x = floats(count, -9, 9), *bias = floats(count, -9, 9);
      if (biased && count > 2) bias[count - 1] = -INFINITY;  // what a mask adds
      float *out = output(count * (narrow ? 2 : 4));
      uint16_t *halves = (uint16_t *)out;
      double top = -INFINITY, sum = 0, worst = 0;
      for (size_t i = 0; i < count; i++) top = fmax(top, (double)x[i] + (biased ? bias[i] : 0));
      if (!narrow && count % 2) memcpy(out, x, count * 4);
      const float *from = !narrow && count % 2 ? out : x;
      float total = narrow ? kernels->exponentials_bf16(from, biased ? bias : NULL, count, halves)
                           : kernels->exponentials_f32(from, biased ? bias : NULL, count, out);
      for (size_t i = 0; i < count; i++) {
        double argument = (double)x[i] + (biased ? bias[i] : 0) - top;
        double value = narrow ? from_bf16(halves[i]) : out[i];
        double exact = narrow ? exp2(argument) : exp(argument);
        // 4 ulp or the header's 2e-4 before rounding; and the roundings of x + bias - max, all below 36.
        double limit = exact * (narrow ? 2e-4 + 1.001 * u_bf16 : 8 * u) + exact * 3 * 36 * u + 3e-38;
        if (!(fabs(value - exact) <= worst * limit)) worst = fabs(value - exact) / limit;
        sum += value;
      }
      expect(worst <= 1, "exponentials of %zu, bf16 %d, bias %d: %g of the limit", count, narrow, biased,
             worst);
      expect(fabs(total - sum) <= sum * ((double)count + 2) * u, "sum of %zu exponentials: %g not %g", count,
             (double)total, sum);
      expect(is_poison((char *)out + count * (narrow ? 2 : 4), slack), "exponentials of %zu wrote past it",
             count);
      release(0);
    }
  for (int which = 1; which < 3; which++) {
    const swiftlet_activation activation = (swiftlet_activation)which;
    float *x = floats(count, -14, 14), *y = output(count * 4);
    memcpy(y, x, count * 4);
    kernels->gelu(y, count, activation);
    int right = is_poison(y + count, slack);
    for (size_t i = 0; i < count; i++)
      right = right && fabs(y[i] - exact_gelu(x[i])) <= activation_limit(x[i], activation);
    expect(right, "gelu %d of %zu", which, count);
  }
  // The first of several equal ones; NaN (one at either end, where there is room) is passed over.
  float *x = floats(count, -9, -1);
  size_t first = random_bits() % count, again = first + random_bits() % (count - first);
  x[first] = x[again] = count % 3 ? 2 : -0.5f;
  if (first > 0) x[0] = NAN;
  if (again + 1 < count) x[count - 1] = NAN;
  size_t found = kernels->argmax(x, count);
  expect(found == first, "argmax of %zu: %zu, not %zu", count, found, first);
  release(0);
}

// Both stores, of both kinds, into poison, against the layouts the header states.
static void check_stores(size_t rows, size_t width, size_t first) {
  const size_t stride = width + 5, positions = (first + rows + panel - 1) / panel * panel;
  for (int keys = 0; keys < 2; keys++)
    for (size_t g = 1; g <= 2; g++) {
      const size_t filled = (width + g - 1) / g * g, size = 4 / g;
      const size_t bytes = (keys ? positions * filled : positions * panel) * size;
      float *x = floats((rows - 1) * stride + width, -1, 1);
      char *out = output(bytes), *expected = output(bytes);
      for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < (keys ? filled : width); c++) {
          const size_t p = first + r;
          const size_t at = keys ? ((p / panel * (filled / g) + c / g) * panel + p % panel) * g + c % g
                                 : (p / g * panel + c) * g + p % g;
          float value = c < width ? x[r * stride + c] : 0;
          uint16_t half = to_bf16(value);
          memcpy(expected + at * size, g == 1 ? (void *)&value : (void *)&half, size);
        }
      float *words = (float *)out;
      uint16_t *halves = (uint16_t *)out;
      if (g == 1 && keys) kernels->store_keys_f32(x, stride, rows, width, first, words);
      if (g == 1 && !keys) kernels->store_values_f32(x, stride, rows, width, first, words);
      if (g == 2 && keys) kernels->store_keys_bf16(x, stride, rows, width, first, halves);
      if (g == 2 && !keys) kernels->store_values_bf16(x, stride, rows, width, first, halves);
      expect(!memcmp(out, expected, bytes + slack), "store of %s, g %zu: %zu rows of %zu from %zu",
             keys ? "keys" : "values", g, rows, width, first);
      release(0);
    }
}

// Keys in bytes: each the nearest to the quotient by its position's scale, which makes the largest 127.
static void check_byte_keys(size_t rows, size_t width, size_t first) {
  const size_t stride = width + 5, positions = (first + rows + panel - 1) / panel * panel;
  const size_t groups = (width + 3) / 4, bytes = positions * groups * 4;
  float *x = floats((rows - 1) * stride + width, -1, 1);
  if (rows > 2) memset(x + stride, 0, width * sizeof *x);
  int8_t *out = output(bytes);
  int8_t *expected = output(bytes);  // what is not written stays as it is
  float *scales = output(positions * 4);
  int32_t *sums = output(positions * 4);
  kernels->store_keys_s8(x, stride, rows, width, first, out, scales, sums);
  int right = is_poison(out + bytes, slack);
  for (size_t r = 0; r < rows; r++) {
    const size_t p = first + r;
    float largest = 0;
    for (size_t c = 0; c < width; c++) largest = fmaxf(largest, fabsf(x[r * stride + c]));
    const float scale = largest > 0 ? largest / 127 : 1;
    right = right && fabsf(scales[p] - scale) <= scale * 1e-6f;
    int32_t sum = 0;
    for (size_t c = 0; c < 4 * groups; c++) {
      const size_t at = ((p / panel * groups + c / 4) * panel + p % panel) * 4 + c % 4;
      const double exact = c < width ? (double)x[r * stride + c] / scale : 0;
      right = right && fabs(out[at] - exact) <= 0.5 + 1e-4;
      sum += out[at];
      expected[at] = out[at];
    }
    right = right && sums[p] == sum;
  }
  right = right && !memcmp(out, expected, bytes) && is_poison(scales + first + rows, slack) &&
          is_poison(sums + first + rows, slack);
  expect(right, "store of keys in bytes: %zu rows of %zu from %zu", rows, width, first);
  release(0);
}

int main(int arguments, char **names) {
  size_t count = 0;
  const swiftlet_kernels *const *tables = swiftlet_available_kernels(&count);
  expect(arguments == 1 || count == (size_t)arguments - 1, "%zu tables, not %d", count, arguments - 1);
  for (size_t i = 0; i < count && (int)i + 1 < arguments; i++)
    expect(!strcmp(tables[i]->name, names[i + 1]), "table %zu is %s, not %s", i, tables[i]->name,
           names[i + 1]);
  for (size_t i = 0; i < count; i++) {
    kernels = tables[i];
    expect(swiftlet_prepare(kernels), "%s is refused", kernels->name);
    const long passed_before = passed, failed_before = failed;
    const size_t rows[] = {1, 2, 3, 70}, widths[] = {1, 6, 24, 33, 64}, firsts[] = {0, 5, 63};
    check_products();
    check_rows();
    for (size_t n = 1; n <= 40; n++) check_elementary(n);
    check_elementary(1500);
    for (int j = 0; j < 4 * 5 * 3; j++) {
      check_stores(rows[j % 4], widths[j / 4 % 5], firsts[j / 20]);
      check_byte_keys(rows[j % 4], widths[j / 4 % 5], firsts[j / 20]);
    }
    for (int j = 0; j < 4; j++) expect(kernels->peak((swiftlet_operands)j, 2) > 0, "peak %d", j);
    printf("%s: %ld passed, %ld failed\n", kernels->name, passed - passed_before, failed - failed_before);
    fflush(stdout);
  }
  printf("%ld passed, %ld failed\n", passed, failed);
  return failed != 0;
}
