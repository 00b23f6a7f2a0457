// SPDX-License-Identifier: MIT

// The library's answers to fixed questions, so that builds for different targets can be compared.
//
//   answers            print them, one a line: NAME VALUE ALLOWED
//   answers scalar     the same, with rotation, Grams and eigenvalues by plain scalar loops and Eigen's
//   solver answers FIRST SECOND   compare what two builds printed
//
// ALLOWED bounds |VALUE − the exact answer|; two builds agree where |a − b| ≤ ALLOWED_a + ALLOWED_b. It is 0
// for what must be equal everywhere. A name that contains "fused" is printed only by builds with fused
// multiply-add.

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dope/dope.hpp>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace {

#if defined(__FMA__) || defined(__aarch64__)
constexpr bool fused = true;
#else
constexpr bool fused = false;
#endif

template <class T>
constexpr double unit = std::same_as<T, double>          ? 0x1p-53
                        : std::same_as<T, float>         ? 0x1p-24
                        : std::same_as<T, dope::float16> ? 0x1p-11
                                                         : 0x1p-8;

template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

void answer(const std::string& name, double value, double allowed) {
  std::printf("%s %a %a\n", name.c_str(), value, allowed);
}

/// Number i of the input: a multiple of 2^-12 in [-1, 1), exact in float.
double input(std::uint64_t seed, std::size_t i) {
  const auto words = dope::noise_words({.seed = seed, .position = static_cast<std::int64_t>(i)}, 0);
  return static_cast<double>(words[0] >> 19) * 0x1p-12 - 1.0;
}

/// Frequencies that one correctly rounded division makes: no build's pow has a part in what follows.
dope::Frequencies frequencies(std::size_t bands) {
  dope::Frequencies result{std::vector<double>(bands), 1.0};
  for (std::size_t band = 0; band < bands; ++band)
    result.omega[band] = 1.0 / static_cast<double>(1 + band * band * band);
  return result;
}

/// A table of exact quotients: c = (1 − t²)/(1 + t²), s = 2t/(1 + t²), t a multiple of 1/64.
template <class C>
struct Quotients {
  std::vector<C> cos, sin;
  std::size_t bands;

  Quotients(std::size_t rows, std::size_t bands_) : cos(rows * bands_), sin(rows * bands_), bands(bands_) {
    for (std::size_t i = 0; i < cos.size(); ++i) {
      const double t = static_cast<double>(i * 37 % 129) / 64.0 - 1.0;
      const double square = t * t;  // exact
      cos[i] = static_cast<C>((1.0 - square) / (1.0 + square));
      sin[i] = static_cast<C>(2.0 * t / (1.0 + square));
    }
  }
  [[nodiscard]] dope::TableView<C> view() const {
    return {cos.data(), sin.data(), cos.size() / bands, bands, bands};
  }
};

/// y₁ = c·x₁ − s·x₂, y₂ = c·x₂ + s·x₁ in C, one product, sum and rounding to T at a time.
template <class T>
void rotate_by_loops(dope::HeadView<T> x, dope::TableFor<T> table, dope::Pairing pairing) {
  using C = dope::compute_t<T>;
  for (std::size_t token = 0; token < x.tokens; ++token) {
    for (std::size_t band = 0; band < table.bands; ++band) {
      const auto [a, b] = dope::channels_of(pairing, band, x.width);
      const C c = table.cos[token * table.stride + band];
      const C s = table.sin[token * table.stride + band];
      const C first = static_cast<C>(x.row(token)[a]);
      const C second = static_cast<C>(x.row(token)[b]);
      x.row(token)[a] = T(c * first - s * second);
      x.row(token)[b] = T(c * second + s * first);
    }
  }
}

template <class T>
void answer_rotation(const char* type, bool scalar) {
  using C = dope::compute_t<T>;
  constexpr std::size_t tokens = 2;
  for (const std::size_t width : {6, 42, 64, 128}) {  // less than a register, with a rest, whole registers
    for (const auto pairing : {dope::Pairing::half_split, dope::Pairing::interleaved}) {
      const bool half = pairing == dope::Pairing::half_split;
      const Quotients<C> table(tokens, width / 2);
      std::vector<T> x;
      for (std::size_t i = 0; i < tokens * width; ++i) x.push_back(T(static_cast<C>(input(width, i))));
      auto y = x;
      const auto head = dope::dense_head(y.data(), tokens, width);
      scalar ? rotate_by_loops<T>(head, table.view(), pairing) : dope::rotate(head, table.view(), pairing);
      std::uint64_t digest = 14695981039346656037u;
      const std::string name = text("rotation/", type, half ? "/half_split/" : "/interleaved/", width);
      for (std::size_t token = 0; token < tokens; ++token) {
        for (std::size_t band = 0; band < width / 2; ++band) {
          const auto [a, b] = dope::channels_of(pairing, band, width);
          const double c = static_cast<double>(table.cos[token * table.bands + band]);
          const double s = static_cast<double>(table.sin[token * table.bands + band]);
          for (const auto& [at, other] : {std::pair(a, b), std::pair(b, a)}) {
            const double value = static_cast<double>(static_cast<C>(y[token * width + at]));
            const double size = std::abs(c * static_cast<double>(static_cast<C>(x[token * width + at]))) +
                                std::abs(s * static_cast<double>(static_cast<C>(x[token * width + other])));
            // The header's 2ε(|c·x₁| + |s·x₂|); three roundings of plain loops are no more. Then storage.
            const double stored = std::same_as<T, C> ? 0.0 : unit<T> * 1.01 * size + 0x1p-25;
            answer(text(name, "/", token, "/", at), value, 2.0 * unit<C> * size + stored);
            unsigned char bytes[sizeof(T)];
            std::memcpy(bytes, &y[token * width + at], sizeof(T));
            for (const unsigned char byte : bytes) digest = (digest ^ byte) * 1099511628211u;
          }
        }
      }
      if (fused && !scalar) answer(name + "/fused_bits", static_cast<double>(digest >> 12), 0.0);
    }
  }
}

void answer_tables() {
  const std::int64_t positions[] = {0, 1, 131071, -1048576, std::int64_t{1} << 40};
  const auto omega = frequencies(16);
  const dope::RotationTable<float> single(omega, std::span<const std::int64_t>(positions));
  const dope::RotationTable<double> wide(omega, std::span<const std::int64_t>(positions));
  const auto narrow = single.view();
  const auto view = wide.view();
  for (std::size_t row = 0; row < narrow.rows; ++row) {
    for (std::size_t band = 0; band < narrow.bands; ++band) {
      const std::string at = text(row, "/", band);
      answer("table/float/cos/" + at, static_cast<double>(narrow.cos[row * narrow.stride + band]), 0.0);
      answer("table/float/sin/" + at, static_cast<double>(narrow.sin[row * narrow.stride + band]), 0.0);
      const double c = view.cos[row * view.stride + band];
      const double s = view.sin[row * view.stride + band];
      answer("table/double/cos/" + at, c, std::abs(c) * 0x1p-51);  // 2 ulp
      answer("table/double/sin/" + at, s, std::abs(s) * 0x1p-51);
    }
  }
}

void answer_noise() {
  for (std::size_t i = 0; i < 64; ++i) {
    const dope::NoiseRow row{42 + i, i % 5, i % 7, i % 2 == 0 ? dope::Side::query : dope::Side::key,
                             static_cast<std::int64_t>(i * 65537) - 9};
    const auto words = dope::noise_words(row, i);
    const auto values = dope::normals(row, i);
    for (std::size_t lane = 0; lane < 4; ++lane) {
      answer(text("noise/words/", i, "/", lane), words[lane], 0.0);
      // ln, sqrt, cos, sin, the angle and two products round in double; values reach 7, angles 2π.
      answer(text("noise/normals/", i, "/", lane), values[lane], 7.0 * 16.0 * 0x1p-52);
    }
  }
  const auto heads = dope::random_heads({4, 8, 4, 32, 32}, dope::GqaPolicy::per_query_head, 9, 42);
  for (std::size_t i = 0; i < heads.size(); ++i)
    answer(text("noise/random_heads/", i), static_cast<double>(heads[i].layer * 8 + heads[i].head), 0.0);
}

void answer_grams(bool scalar) {
  constexpr std::size_t tokens = 300;  // more than a block of 256
  for (const std::size_t width : {10, 42}) {
    std::vector<float> x;
    for (std::size_t i = 0; i < tokens * width; ++i) x.push_back(static_cast<float>(input(7, i)));
    const auto rows = dope::HeadView<const float>(dope::dense_head(x.data(), tokens, width));
    for (const bool in_double : {false, true}) {
      const dope::GramOptions options{
          dope::Centring::none, dope::RowScaling::none,
          in_double ? dope::Accumulation::double_blocks : dope::Accumulation::float_blocks};
      const Eigen::MatrixXd gram = dope::gram_of(rows, options).matrix();
      for (std::size_t i = 0; i < width; ++i) {
        for (std::size_t j = 0; j <= i; ++j) {
          double sum = 0.0;
          double size = 0.0;
          for (std::size_t token = 0; token < tokens; ++token) {
            const double product =
                static_cast<double>(x[token * width + i]) * static_cast<double>(x[token * width + j]);
            sum += product;
            size += std::abs(product);
          }
          const double value =
              scalar ? sum : gram(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j));
          answer(text("gram/", in_double ? "double" : "float", "/", width, "/", i, "/", j), value,
                 (in_double ? (tokens + 1) * 0x1p-53 : 257.0 * 0x1p-24) * size);
        }
      }
    }
  }
}

// Heads whose entropies lie far apart: the same rows in every head, but for eight channels of slow bands,
// which grow by another strength in each head and each by another share of it.
constexpr std::size_t heads = 5;
constexpr std::size_t width = 32;
constexpr std::size_t tokens = 300;
constexpr std::size_t truncation = 8;

std::vector<float> head_rows(dope::Side side) {
  std::vector<float> x;
  for (std::size_t i = 0; i < tokens * heads * width; ++i) {
    const std::size_t channel = i % width;
    const std::size_t head = i / width % heads;
    const std::size_t strength = (side == dope::Side::query ? 3 * head : 2 * head + 1) % heads;
    x.push_back(
        static_cast<float>(input(side == dope::Side::query ? 1 : 2, i / (heads * width) * width + channel)));
    if (channel < width / 4 || channel >= width / 2) continue;
    const auto growth = 1.0f + static_cast<float>(strength * (channel - width / 4 + 1)) / 32.0f;  // exact
    x.back() *= growth * growth;
  }
  return x;
}

dope::Spectrum plain_spectrum(const Eigen::MatrixXd& rows) {
  const Eigen::MatrixXd gram = rows.transpose() * rows;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(gram, Eigen::EigenvaluesOnly);
  const Eigen::VectorXd values = solver.eigenvalues();
  return dope::spectrum_of(std::vector<double>(values.begin(), values.end()));
}

/// What the meter holds of a head, by plain loops.
dope::HeadSpectra plain_spectra(std::vector<float> x, std::size_t head, dope::Stage stage) {
  const auto view = dope::token_major(x.data(), tokens, heads, width).head(head);
  if (stage != dope::Stage::pre_ntk) {
    const dope::RotationTable<float> table(frequencies(width / 2), 0, tokens);
    rotate_by_loops<float>(view, table.view(), dope::Pairing::half_split);
  }
  Eigen::MatrixXd rows(tokens, width);
  dope::BandGrams bands(width / 2, dope::Pairing::half_split);
  bands.add(dope::HeadView<const float>(view));
  for (std::size_t token = 0; token < tokens; ++token) {
    for (std::size_t c = 0; c < width; ++c)
      rows(static_cast<Eigen::Index>(token), static_cast<Eigen::Index>(c)) =
          static_cast<double>(view.row(token)[c]);
  }
  dope::HeadSpectra spectra{plain_spectrum(rows), std::nullopt, bands};
  const Eigen::RowVectorXd mean = rows.colwise().mean();
  rows = (rows.rowwise() - mean).rowwise().normalized();
  spectra.uncomp = plain_spectrum(rows);
  return spectra;
}

/// How far a score may be off where the Gram is off by `error` of its trace in Frobenius norm: to first
/// order, twice. Eigenvalues are then off by error·trace each, and all d of them by √d times that in sum.
double allowed_of(const dope::Entropy& entropy, const dope::HeadSpectra& spectra, double error) {
  const double all = std::sqrt(static_cast<double>(width)) * error;
  const auto& values = spectra.head.values;
  const double trace = spectra.head.trace;
  const auto largest_log = [&](const dope::Spectrum& of, std::size_t count, double total) {
    return std::abs(std::log(of.values[count - 1] / total)) + std::log(static_cast<double>(count)) + 1.0;
  };
  if (std::holds_alternative<dope::VonNeumann>(entropy))
    return 2.0 * all * largest_log(spectra.head, width, trace);
  if (std::holds_alternative<dope::BandMean>(entropy)) {
    double sum = 0.0;
    for (std::size_t band = 0; band < width / 2; ++band) {
      const double share = (*spectra.bands)[band].smallest() / (*spectra.bands)[band].trace();
      // An entry of a Gram is off by `error` of its own channels' energy: 4 entries of a band.
      sum += 2.0 * 4.0 * error * std::abs(std::log(share / (1.0 - share))) + 4.0 * error;
    }
    return sum / static_cast<double>(width / 2);
  }
  if (std::holds_alternative<dope::TruncatedEffectiveRank>(entropy)) {
    double total = 0.0;
    for (std::size_t i = 0; i < truncation; ++i) total += values[i];
    return 2.0 * static_cast<double>(truncation) * all * trace / total *
           largest_log(spectra.head, truncation, total);
  }
  if (std::holds_alternative<dope::TruncatedMean>(entropy))
    return 2.0 * all * trace *
           (std::abs(std::log(values[0])) + std::abs(std::log(values[truncation - 1])) + 1.0) /
           static_cast<double>(truncation);
  if (std::holds_alternative<dope::Uncomp>(entropy))
    return 2.0 * 2.0 * all * largest_log(*spectra.uncomp, width, spectra.uncomp->trace) /
           std::log(static_cast<double>(width));
  if (std::get<dope::SpectralNorm>(entropy).scale == dope::NormScale::raw) return 2.0 * error * trace;
  return 2.0 * 2.0 * all;
}

/// false where heads rank so near to each other that roundings may choose between them: no question to ask.
bool answer_scores(bool scalar) {
  const std::vector<dope::Entropy> entropies = {dope::VonNeumann{},
                                                dope::BandMean{},
                                                dope::TruncatedEffectiveRank{truncation},
                                                dope::TruncatedMean{truncation},
                                                dope::Uncomp{truncation},
                                                dope::SpectralNorm{dope::NormScale::raw},
                                                dope::SpectralNorm{dope::NormScale::trace_share}};
  const dope::Stage stages[] = {dope::Stage::pre_ntk, dope::Stage::post_ntk};
  std::vector<dope::Indicator> wanted;
  for (const auto stage : stages) {
    for (const auto side : {dope::ScoredSide::query, dope::ScoredSide::key}) {
      for (const auto& entropy : entropies) wanted.push_back({stage, side, entropy});
    }
  }
  auto q = head_rows(dope::Side::query);
  auto k = head_rows(dope::Side::key);
  dope::HeadMeter meter({1, heads, heads, width, width}, dope::Pairing::half_split, frequencies(width / 2),
                        frequencies(width / 2), wanted);
  const auto add = [&] {
    meter.add(0, dope::token_major(q.data(), tokens, heads, width),
              dope::token_major(k.data(), tokens, heads, width), 0);
  };
  add();
  meter.start_second_pass();
  add();
  // Float blocks of up to 256 tokens; each channel of a rotated row to 2·2⁻²⁴·√2 of its pair, twice in a
  // product.
  const double error = 257.0 * 0x1p-24 + 4.0 * std::sqrt(2.0) * 0x1p-24;
  bool apart = true;
  for (const auto& indicator : wanted) {
    const auto side = indicator.side == dope::ScoredSide::query ? dope::Side::query : dope::Side::key;
    std::vector<dope::HeadScore> scores;
    std::vector<double> allowed;
    for (std::size_t head = 0; head < heads; ++head) {
      const auto spectra = scalar ? plain_spectra(side == dope::Side::query ? q : k, head, indicator.stage)
                                  : meter.spectra(0, side, head, indicator.stage);
      scores.push_back({{0, head}, dope::evaluate(indicator.entropy, spectra)});
      allowed.push_back(allowed_of(indicator.entropy, spectra, error));
      answer(text("score/", dope::name_of(indicator), "/", head), scores.back().value, allowed.back());
    }
    for (std::size_t a = 0; a < heads; ++a) {
      for (std::size_t b = 0; b < a; ++b)
        apart = apart && std::abs(scores[a].value - scores[b].value) > 2.0 * (allowed[a] + allowed[b]);
    }
    for (const auto order : {dope::Order::ascending, dope::Order::descending}) {
      const auto chosen = dope::select(scores, dope::Count{heads}, order);
      for (std::size_t i = 0; i < chosen.size(); ++i)
        answer(text("selected/", dope::name_of(order), "/", dope::name_of(indicator), "/", i),
               static_cast<double>(chosen[i].head), 0.0);
    }
  }
  return apart;
}

struct Answer {
  double value, allowed;
};

std::map<std::string, Answer> read(const char* file) {
  std::ifstream in(file);
  std::map<std::string, Answer> answers;
  std::string name, value, allowed;
  while (in >> name >> value >> allowed)
    answers[name] = {std::strtod(value.c_str(), nullptr), std::strtod(allowed.c_str(), nullptr)};
  return answers;
}

int compare(const char* first_file, const char* second_file) {
  const auto first = read(first_file);
  const auto second = read(second_file);
  std::size_t compared = 0;
  std::size_t equal = 0;
  std::size_t wrong = 0;
  double worst = 0.0;
  const auto report = [&](const std::string& name, const std::string& what) {
    if (++wrong <= 10) std::printf("%s: %s\n", name.c_str(), what.c_str());
  };
  for (const auto& [name, a] : first) {
    const auto found = second.find(name);
    if (found == second.end()) {
      if (name.find("fused") == std::string::npos) report(name, "only one of the two builds answers");
      continue;
    }
    const Answer b = found->second;
    ++compared;
    if (a.value == b.value) {
      ++equal;
      continue;
    }
    const double allowed = a.allowed + b.allowed;
    const double distance = std::abs(a.value - b.value);
    if (!(distance <= allowed)) {
      report(name, text(a.value, " and ", b.value, ", ", distance, " apart; allowed ", allowed));
    } else {
      worst = std::max(worst, distance / allowed);
    }
  }
  for (const auto& [name, b] : second) {
    if (!first.contains(name) && name.find("fused") == std::string::npos)
      report(name, "only one of the two builds answers");
  }
  std::printf("%zu answers, %zu equal, the others at most %.3f of what is allowed apart, %zu wrong\n",
              compared, equal, worst, wrong);
  return wrong == 0 && compared > 1000 ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 3) return compare(arguments[1], arguments[2]);
  const bool scalar = count == 2 && std::string(arguments[1]) == "scalar";
  if (count != 1 && !scalar) {
    std::fprintf(stderr, "usage: answers [scalar | FIRST SECOND]\n");
    return 2;
  }
  answer_rotation<float>("float", scalar);
  answer_rotation<double>("double", scalar);
  answer_rotation<dope::float16>("float16", scalar);
  answer_rotation<dope::bfloat16>("bfloat16", scalar);
  answer_tables();
  answer_noise();
  answer_grams(scalar);
  if (!answer_scores(scalar)) {
    std::fprintf(stderr,
                 "answers: scores of two heads are as near as roundings reach: expected other inputs\n");
    return 1;
  }
  return 0;
}
