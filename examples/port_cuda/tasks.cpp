// SPDX-License-Identifier: MIT
#include "port_cuda/tasks.hpp"

#include <array>
#include <charconv>
#include <cstring>
#include <numeric>

#include "dope/core/error.hpp"
#include "port_cuda/plan.hpp"

namespace port {
namespace {

using dope::detail::text;
using reference::Dtype;
using Names = std::array<std::string_view, 2>;

constexpr std::array<std::string_view, 4> tasks = {"rotate", "denoise", "gram", "noise"};
constexpr std::size_t most = std::size_t{1} << 32;

template <class E>
E choice(const CaseFile& file, const char* attribute, const Names& names) {
  return static_cast<E>(file.choice(attribute, names));
}

Pairing pairing_of(const CaseFile& file) {
  return choice<Pairing>(file, "pairing", {"interleaved", "half_split"});
}

template <class T>
Bytes bytes_of(const std::vector<T>& values) {
  Bytes bytes(values.size() * sizeof(T));
  if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

std::vector<std::size_t> chunks_of(const CaseFile& file, std::size_t tokens) {
  auto chunks = file.counts("chunks");
  const auto sum = std::accumulate(chunks.begin(), chunks.end(), std::size_t{0});
  file.require(sum == tokens, text("chunks of ", sum, " tokens"), text(tokens, " tokens"));
  return chunks;
}

std::vector<Output> rotate(const CaseFile& file, Engine& engine) {
  const auto fields = file.attributes();
  const std::size_t rotated = fields.required_count("rotated_width", 2, 1 << 20);
  const std::size_t tables = fields.required_count("tables", 1, most);
  RotateRequest request;
  request.element = file.element("x");
  request.x = file.bytes("x");
  request.positions = file.integers("positions");
  request.tables = {file.doubles("omega"), file.doubles("attention_factor"), rotated / 2};
  request.heads = fields.required_count("heads", 1, most);
  request.width = fields.required_count("head_width", rotated, 1 << 20);
  request.token_stride = fields.required_count("token_stride", 0, most);
  request.head_stride = fields.required_count("head_stride", 0, most);
  request.pairing = pairing_of(file);
  request.angles = choice<Angles>(file, "angles", {"exact", "float32_product"});
  request.direction = choice<Direction>(file, "direction", {"forward", "adjoint"});
  request.placement = choice<Placement>(file, "placement", {"in_place", "out_of_place"});
  request.position_type = choice<PositionType>(file, "position_type", {"int32", "int64"});
  request.chunks = chunks_of(file, request.positions.size());
  const auto& x = file.input("x");
  const std::size_t reach = request.positions.empty()
                                ? 0
                                : (request.positions.size() - 1) * request.token_stride +
                                      (request.heads - 1) * request.head_stride + request.width;
  file.require(reach <= x.elements(), text("a buffer of ", x.elements(), " elements"),
               text("at least ", reach));
  file.require(tables == 1 || tables == request.heads, text(tables, " tables"), "1, or one per head");
  file.require(request.tables.attention_factor.size() == tables &&
                   request.tables.omega.size() == tables * request.tables.bands,
               text(request.tables.omega.size(), " frequencies in ", tables, " tables"),
               text(request.tables.bands, " a table"));
  return {{"y", x.dtype, x.shape, engine.rotate(request)}};
}

std::vector<Output> denoise(const CaseFile& file, Engine& engine) {
  const PlannedLayer layer(file);
  DenoiseRequest request;
  request.positions = file.integers("positions");
  request.tables = layer.tables();
  request.removed = layer.removed();
  request.width = layer.plan().shape.head_width;
  request.pairing = pairing_of(file);
  request.chunks = chunks_of(file, request.positions.size());
  const std::size_t tokens = request.positions.size();

  const auto run = [&](std::string name, std::string_view input, dope::HeadRole role,
                       const std::vector<std::size_t>& heads, Bytes x) {
    request.element = file.element(input);
    request.x = std::move(x);
    request.plans.clear();
    for (const std::size_t head : heads) request.plans.push_back(layer.head(role, head));
    request.source = layer.noise_source(role);
    return Output{std::move(name),
                  file.input(input).dtype,
                  {tokens, heads.size(), request.width},
                  engine.denoise(request)};
  };
  const auto checked = [&](std::string_view name, std::size_t heads) {
    const reference::Shape shape = {tokens, heads, request.width};
    file.require(file.input(name).shape == shape,
                 text(name, " of shape ", reference::text_of(file.input(name).shape)),
                 reference::text_of(shape));
    return file.bytes(name);
  };
  const auto first = [](std::size_t count) {
    std::vector<std::size_t> heads(count);
    std::iota(heads.begin(), heads.end(), std::size_t{0});
    return heads;
  };
  const auto& shape = layer.plan().shape;
  const auto owners = layer.plan().own_key_heads(layer.layer());
  const Bytes k = checked("k", shape.key_heads);
  std::vector<Output> outputs;
  outputs.push_back(
      run("q", "q", dope::HeadRole::query, first(shape.query_heads), checked("q", shape.query_heads)));
  outputs.push_back(run("k", "k", dope::HeadRole::shared_key, first(shape.key_heads), k));
  if (!owners.empty()) {
    const std::size_t row = request.width * width_of(file.input("k").dtype);
    Bytes own(tokens * owners.size() * row);
    for (std::size_t i = 0; i < tokens * owners.size(); ++i) {
      const std::size_t from =
          i / owners.size() * shape.key_heads + shape.key_head_of(owners[i % owners.size()]);
      std::memcpy(own.data() + i * row, k.data() + from * row, row);
    }
    outputs.push_back(run("own_keys", "k", dope::HeadRole::own_key, owners, std::move(own)));
  }
  return outputs;
}

std::vector<Output> gram(const CaseFile& file, Engine& engine) {
  const auto& x = file.input("x");
  const std::size_t width = file.attributes().required_count("width", 1, 1 << 20);
  file.require(x.shape.size() == 2 && x.shape[1] == width, text("x of shape ", reference::text_of(x.shape)),
               text("rows of width ", width));
  GramRequest request{file.element("x"), file.bytes("x"), width, {}, {}, chunks_of(file, x.shape[0])};
  request.centring = choice<Centring>(file, "centring", {"none", "token_mean"});
  request.rows = choice<RowScaling>(file, "rows", {"none", "unit"});
  return {{"gram", Dtype::f64, {width, width}, bytes_of(engine.gram(request))}};
}

std::vector<Output> noise(const CaseFile& file, Engine& engine) {
  const auto fields = file.attributes();
  NoiseRequest request;
  request.positions = file.integers("positions");
  request.width = fields.required_count("width", 1, 1 << 20);
  const std::string seed = file.required_text("seed");
  const auto [end, error] = std::from_chars(seed.data(), seed.data() + seed.size(), request.source.seed);
  file.require(error == std::errc{} && end == seed.data() + seed.size(), "seed \"" + seed + '"',
               "a whole number below 2^64");
  request.source.layer = static_cast<std::uint32_t>(fields.required_count("layer", 0, (1 << 15) - 1));
  request.source.side = static_cast<std::uint32_t>(file.choice("side", Names{"query", "key"}));
  request.head = static_cast<std::uint32_t>(fields.required_count("head", 0, (1 << 16) - 1));
  const Noise made = engine.noise(request);
  const std::size_t tokens = request.positions.size();
  return {{"words", Dtype::u32, {tokens, (request.width + 3) / 4 * 4}, bytes_of(made.words)},
          {"values", Dtype::f64, {tokens, request.width}, bytes_of(made.values)}};
}

}  // namespace

std::span<const std::string_view> known_tasks() { return tasks; }

std::vector<Output> run_case(std::string_view task, const CaseFile& file, Engine& engine) {
  if (task == "rotate") return rotate(file, engine);
  if (task == "denoise") return denoise(file, engine);
  if (task == "gram") return gram(file, engine);
  return noise(file, engine);
}

}  // namespace port
