// SPDX-License-Identifier: MIT
#include "lab/spectrum/source.hpp"

#include <algorithm>
#include <iostream>
#include <map>
#include <span>
#include <utility>

#include "dope/core/error.hpp"
#include "dope/denoise/transform_text.hpp"
#include "dope/rope/scaling.hpp"
#include "lab/support/baselines.hpp"
#include "lab/support/byte_model.hpp"
#include "lab/support/files.hpp"
#include "lab/support/haystack.hpp"
#include "lab/support/lexicon.hpp"
#include "lab/support/memory.hpp"
#include "lab/support/prompts.hpp"
#include "transformer/checked_json.hpp"
#include "transformer/input_file.hpp"
#include "transformer/linear.hpp"
#include "transformer/model.hpp"
#include "transformer/safetensors.hpp"

namespace spectrum {
namespace {

using dope::detail::shortest;
using dope::detail::text;

void set_frequencies(Projections& into, const std::string& scaling, const dope::Scaling& own,
                     const dope::RopeParameters& rope) {
  const auto chosen = lab::in_option(
      "--scaling", [&] { return lab::scaling_named(scaling, own, rope.training_length, into.length); });
  into.training_length = rope.training_length;
  into.native = dope::native_frequencies(rope);
  into.scaled = dope::scaled_frequencies(rope, chosen, into.length);
  into.scaling =
      scaling + " at " + shortest(lab::stretch(rope.training_length, into.length)) + " training lengths";
  into.base = rope.base;
}

struct Prompted {
  std::vector<std::int32_t> tokens;
  std::string origin;
  std::optional<TokenRange> needle;
};

Prompted prompt_of(const Options& options, const reference::Model& model, std::size_t length) {
  if (options.text) {
    const std::string bytes = reference::read_input(lab::input_name("--text", *options.text), *options.text,
                                                    lab::largest_text, reference::Source::file_or_pipe);
    if (bytes.size() + 1 < length) {
      throw dope::Error(lab::input_name("--text", *options.text), text(bytes.size(), " bytes"),
                        text("at least ", length - 1, " for ", length, " tokens"));
    }
    Prompted prompt{
        {*model.config().bos}, "the start of " + options.text->filename().string(), options.needle};
    const auto read = lab::bytes_as_tokens(std::string_view(bytes).substr(0, length - 1));
    prompt.tokens.insert(prompt.tokens.end(), read.begin(), read.end());
    return prompt;
  }
  const auto haystack = lab::Haystack::of_prose(lab::load_lexicon(options.model / "lexicon.json"));
  lab::NeedleSpec spec;
  spec.length = length;
  spec.depth = options.depth;
  spec.seed = options.seed;
  spec.start_token = *model.config().bos;
  auto needle = lab::in_option("--length", [&] { return lab::make_needle_prompt(spec, haystack); });
  return {std::move(needle.tokens),
          "a needle prompt of depth " + shortest(options.depth) + ", seed " + std::to_string(options.seed),
          TokenRange{needle.needle_first, needle.needle_end}};
}

/// The request, its queries and keys, and what a survey takes of them at a time.
void require_memory_for(const Options& options, const reference::Model& model, std::size_t length) {
  const auto& config = model.config();
  const auto tokens = static_cast<double>(length);
  const auto heads = static_cast<double>(config.layers) *
                     static_cast<double>(config.query_width() + config.key_width()) * sizeof(float);
  const auto at_work =
      static_cast<double>(lab::side_by_side(options.threads, config.layers * config.key_heads));
  const lab::MemoryPart parts[] = {
      {"key and value caches", lab::request_bytes(model, length)},
      {"queries and keys", tokens * heads},
      {"rotation tables", 2.0 * tokens * static_cast<double>(config.rotated_width) * sizeof(double)},
      {"heads at work", at_work * tokens * static_cast<double>(config.head_width) * sizeof(double)}};
  lab::require_memory("length", length, parts);
}

Projections of_model(const Options& options) {
  const auto model = lab::load_byte_model(options.model, options.tokens, std::cerr);
  const auto& config = model.config();
  const std::size_t length = options.length.tokens(config.training_length);
  if (length == 0) throw dope::Error("--length", "0 tokens", "at least 1");
  require_memory_for(options, model, length);
  const auto prompt = prompt_of(options, model, length);

  Projections into;
  into.shape = model.shape();
  into.tokens = prompt.tokens.size();
  into.length = length;
  into.pairing = reference::Config::pairing;
  into.origin = prompt.origin + "; kernels " + reference::kernels_in_force();
  into.needle = prompt.needle;
  set_frequencies(into, options.scaling, config.scaling, config.rope());
  into.queries.resize(into.shape.layers);
  into.keys.resize(into.shape.layers);
  const auto scaling = lab::scaling_named(options.scaling, model, length);
  reference::Request request(model, reference::make_schedule(model, scaling, length));
  request.tap([&](std::size_t layer, dope::HeadsView<const float> queries, dope::HeadsView<const float> keys,
                  std::size_t) {
    const auto append = [&](std::vector<float>& rows, dope::HeadsView<const float> from) {
      for (std::size_t token = 0; token < from.tokens; ++token) {
        for (std::size_t head = 0; head < from.heads; ++head) {
          const float* row = from.head(head).row(token);
          rows.insert(rows.end(), row, row + from.width);
        }
      }
    };
    append(into.queries[layer], queries);
    append(into.keys[layer], keys);
  });
  static_cast<void>(request.prefill(prompt.tokens));
  return into;
}

/// One of q and k of a file: layers × [tokens, heads, width].
struct FileSide {
  std::size_t tokens = 0;
  std::size_t heads = 0;
  std::size_t width = 0;
  std::vector<std::vector<float>> layers;
};

FileSide side_of(const reference::Safetensors& file, const char* name) {
  const auto& tensor = file.tensor(name);
  const std::string where = file.path().string() + ", " + name;
  reference::Shape shape = tensor.shape;
  if (shape.size() == 3) shape.insert(shape.begin(), 1);
  const bool empty = std::find(shape.begin(), shape.end(), std::size_t{0}) != shape.end();
  if (shape.size() != 4 || empty) {
    throw dope::Error(where, "shape " + reference::text_of(tensor.shape),
                      "[layers, tokens, heads, width] or [tokens, heads, width], none 0");
  }
  const auto values = reference::floats_of(tensor, where);
  FileSide side{shape[1], shape[2], shape[3], {}};
  const std::size_t of_layer = side.tokens * side.heads * side.width;
  for (std::size_t layer = 0; layer < shape[0]; ++layer) {
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(layer * of_layer);
    side.layers.emplace_back(first, first + static_cast<std::ptrdiff_t>(of_layer));
  }
  return side;
}

/// The metadata that a file of q and k may have. Others are somebody else's, and passed over.
class Metadata {
 public:
  explicit Metadata(const reference::Safetensors& file) : file_(file) {}

  [[nodiscard]] std::optional<std::string> find(const char* key) const {
    const auto at = file_.metadata().find(key);
    if (at == file_.metadata().end()) return std::nullopt;
    return at->second;
  }
  [[nodiscard]] std::string where(const char* key) const {
    return file_.path().string() + ", metadata " + key;
  }

  /// The option's value, else the file's by `read`, else what `missing` gives or throws.
  template <class Value, class Read, class Missing>
  Value value(const std::optional<Value>& option, const char* key, const Read& read,
              const Missing& missing) const {
    if (option) return *option;
    const auto text = find(key);
    return text ? read(where(key), *text) : missing();
  }

 private:
  const reference::Safetensors& file_;
};

std::size_t count_of(const std::string& where, const std::string& given) {
  const double value = real_number(where, given, 1.0, 0x1p31);
  if (value != static_cast<double>(static_cast<std::size_t>(value)))
    throw dope::Error(where, given, "a whole number");
  return static_cast<std::size_t>(value);
}

Projections of_file(const Options& options) {
  const auto file = reference::Safetensors::open(*options.qk);
  const Metadata metadata(file);
  auto query = side_of(file, "q");
  auto key = side_of(file, "k");
  const std::string shapes =
      text("q of ", query.layers.size(), " layers, ", query.tokens, " tokens, width ", query.width, "; k of ",
           key.layers.size(), ", ", key.tokens, ", ", key.width);
  if (query.layers.size() != key.layers.size() || query.tokens != key.tokens || query.width != key.width)
    throw dope::Error(options.qk->string(), shapes, "the same of both");
  const auto required = [&](const char* option, const char* name) {
    return dope::Error(options.qk->string(), std::string("no metadata \"") + name + '"',
                       std::string("it, or ") + option);
  };

  Projections into;
  into.tokens = query.tokens;
  dope::RopeParameters rope;
  rope.head_width = query.width;
  rope.base = metadata.value(
      options.base, "base",
      [](const std::string& where, const std::string& given) { return real_number(where, given, 1.0, 1e12); },
      [&]() -> double { throw required("--base", "base"); });
  rope.training_length =
      metadata.value(options.training_length, "training_length", count_of,
                     [&]() -> std::size_t { throw required("--training-length", "training_length"); });
  rope.rotated_width =
      metadata.value(options.rotated_width, "rotated_width", count_of, [&] { return query.width; });
  into.pairing = metadata.value(
      options.pairing, "pairing",
      [](const std::string&, const std::string& given) { return dope::parse<dope::Pairing>(given); },
      [] { return dope::Pairing::half_split; });
  const auto length = metadata.find("length");
  into.length = length ? count_of(metadata.where("length"), *length) : query.tokens;
  into.needle = options.needle;
  if (const auto given = metadata.find("needle"); !into.needle && given)
    into.needle = token_range(metadata.where("needle"), *given);
  into.shape = {query.layers.size(), query.heads, key.heads, query.width, rope.rotated_width};
  dope::validate(into.shape);
  const auto origin = metadata.find("origin");
  into.origin = options.qk->filename().string() + (origin ? ": " + reference::printable(*origin) : "");
  set_frequencies(into, options.scaling, dope::Unscaled{}, rope);
  into.queries = std::move(query.layers);
  into.keys = std::move(key.layers);
  return into;
}

}  // namespace

Projections projections_of(const Options& options) {
  auto projections = options.qk ? of_file(options) : of_model(options);
  validate(projections);
  return projections;
}

void add_projections(reference::FileSet& files, const std::filesystem::path& path, const Projections& from) {
  const auto joined = [](const std::vector<std::vector<float>>& layers) {
    std::vector<float> all;
    for (const auto& layer : layers) all.insert(all.end(), layer.begin(), layer.end());
    return all;
  };
  const auto& shape = from.shape;
  const auto q = joined(from.queries);
  const auto k = joined(from.keys);
  const auto tensor = [&](const char* name, const std::vector<float>& values, std::size_t heads) {
    return reference::NamedTensor{name,
                                  {reference::Dtype::f32,
                                   {shape.layers, from.tokens, heads, shape.head_width},
                                   std::as_bytes(std::span(values))}};
  };
  const reference::NamedTensor tensors[] = {tensor("q", q, shape.query_heads),
                                            tensor("k", k, shape.key_heads)};
  std::map<std::string, std::string, std::less<>> metadata = {
      {"base", shortest(from.base)},
      {"training_length", std::to_string(from.training_length)},
      {"length", std::to_string(from.length)},
      {"rotated_width", std::to_string(shape.rotated_width)},
      {"pairing", std::string(name_of(from.pairing))},
      {"origin", from.origin}};
  if (from.needle) metadata["needle"] = text(from.needle->first, ":", from.needle->end);
  reference::add_safetensors(files, path, tensors, metadata);
}

}  // namespace spectrum
