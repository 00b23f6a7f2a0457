// SPDX-License-Identifier: MIT
#include "transformer/safetensors.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

#include "dope/core/error.hpp"
#include "transformer/atomic_file.hpp"
#include "transformer/checked_json.hpp"

namespace reference {
namespace {

using dope::detail::text;
using Json = nlohmann::json;

constexpr std::size_t length_bytes = 8;
constexpr std::uint64_t longest_header = 100'000'000;
constexpr std::size_t most_dimensions = 16;
constexpr std::string_view metadata_name = "__metadata__";

/// A tensor's place in the data, while the header is being checked.
struct Extent {
  std::size_t begin;
  std::size_t end;
  std::string_view name;
};

/// What one file's header holds; `where` is the file's name.
struct HeaderReader {
  std::string where;
  std::span<const std::byte> data;

  [[noreturn]] void fail(std::string_view tensor, const std::string& given,
                         const std::string& expected) const {
    throw dope::Error(where + ", tensor " + printable(tensor), given, expected);
  }

  [[nodiscard]] std::size_t count(std::string_view tensor, std::string_view field, const Json& value) const {
    if (!value.is_number_unsigned()) {
      fail(tensor, text(field, " with ", shown(value)), "integers from 0 to 2^64 - 1");
    }
    return value.get<std::size_t>();
  }

  [[nodiscard]] const Json& field(std::string_view tensor, const Json& entry, const char* name) const {
    const auto found = entry.find(name);
    if (found == entry.end()) fail(tensor, text("no ", name), "dtype, shape and data_offsets");
    return *found;
  }

  [[nodiscard]] std::pair<TensorView, Extent> tensor(const std::string& name, const Json& entry) const {
    if (!entry.is_object()) fail(name, shown(entry), "an object of dtype, shape and data_offsets");
    const Json& dtype = field(name, entry, "dtype");
    const Json& shape = field(name, entry, "shape");
    const Json& offsets = field(name, entry, "data_offsets");
    if (entry.size() != 3) fail(name, text(entry.size(), " fields"), "dtype, shape and data_offsets only");

    TensorView view;
    const auto known = dtype.is_string() ? dtype_named(dtype.get_ref<const std::string&>()) : std::nullopt;
    if (!known) fail(name, text("dtype ", shown(dtype)), "a dtype of the format, such as F32, F16 or BF16");
    view.dtype = *known;
    if (!shape.is_array() || shape.size() > most_dimensions) {
      fail(name, text("shape ", shown(shape)), text("an array of at most ", most_dimensions, " extents"));
    }
    for (const Json& extent : shape) view.shape.push_back(count(name, "shape", extent));
    if (!offsets.is_array() || offsets.size() != 2) {
      fail(name, text("data_offsets ", shown(offsets)), "an array of begin and end");
    }
    const Extent place{count(name, "data_offsets", offsets[0]), count(name, "data_offsets", offsets[1]),
                       name};
    if (place.begin > place.end || place.end > data.size()) {
      fail(name, text("data_offsets [", place.begin, ", ", place.end, "]"),
           text("begin <= end <= ", data.size(), ", the bytes after the header"));
    }
    const auto bytes = bytes_of(view.shape, view.dtype);
    if (!bytes || *bytes != place.end - place.begin) {
      fail(name,
           text(place.end - place.begin, " bytes for shape ", text_of(view.shape), " of ",
                name_of(view.dtype)),
           bytes ? text(*bytes, " bytes") : "a shape whose bytes fit 64 bits");
    }
    view.bytes = data.subspan(place.begin, place.end - place.begin);
    return {std::move(view), place};
  }

  /// No overlap, no hole, no rest.
  void require_cover(std::vector<Extent>& places) const {
    std::sort(places.begin(), places.end(), [](const Extent& a, const Extent& b) {
      return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
    });
    std::size_t reached = 0;
    for (const Extent& place : places) {
      if (place.begin != reached) {
        fail(place.name,
             text(place.begin < reached ? "overlapping" : "a hole before", " data_offsets [", place.begin,
                  ", ", place.end, "]"),
             text("data from byte ", reached, " on"));
      }
      reached = place.end;
    }
    if (reached != data.size()) {
      throw dope::Error(where, text(data.size(), " bytes after the header"),
                        text(reached, " bytes, where the last tensor ends"));
    }
  }
};

}  // namespace

Safetensors Safetensors::open(const std::filesystem::path& path) {
  Safetensors opened;
  opened.path_ = path;
  opened.file_ = std::make_shared<const MappedFile>(path);
  const auto bytes = opened.file_->bytes();
  const std::string where = path.string();
  if (bytes.size() < length_bytes) {
    throw dope::Error(where, text("a file of ", bytes.size(), " bytes"),
                      "at least the 8 of the header's length");
  }
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), length_bytes);
  if (length > longest_header || length > bytes.size() - length_bytes) {
    throw dope::Error(where, text("a header of ", length, " bytes in a file of ", bytes.size()),
                      text("a header inside the file, at most ", longest_header, " bytes"));
  }
  const auto header = bytes.subspan(length_bytes, length);
  if (header.empty() || header.front() != std::byte{'{'}) {
    throw dope::Error(where, "a header that does not start with {", "a JSON object");
  }
  const Json object = parse_object({reinterpret_cast<const char*>(header.data()), header.size()}, where);

  const HeaderReader reader{where, bytes.subspan(length_bytes + length)};
  std::vector<Extent> places;
  for (const auto& [name, entry] : object.items()) {
    if (name != metadata_name) {
      auto [view, place] = reader.tensor(name, entry);
      place.name = opened.tensors_.emplace(name, std::move(view)).first->first;
      places.push_back(place);
      continue;
    }
    if (!entry.is_object())
      throw dope::Error(where, text("__metadata__ ", shown(entry)), "an object of strings");
    for (const auto& [key, value] : entry.items()) {
      if (!value.is_string()) {
        throw dope::Error(where, text("__metadata__ ", printable(key), " ", shown(value)), "a string");
      }
      opened.metadata_.emplace(key, value.get<std::string>());
    }
  }
  reader.require_cover(places);
  return opened;
}

std::vector<std::string> Safetensors::names() const {
  std::vector<std::string> names;
  for (const auto& [name, view] : tensors_) names.push_back(name);
  return names;
}

const TensorView& Safetensors::tensor(std::string_view name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) {
    throw dope::Error(path_.string(), text("no tensor ", printable(name)),
                      text("one of its ", tensors_.size(), " tensors"));
  }
  return found->second;
}

void add_safetensors(FileSet& files, const std::filesystem::path& path, std::span<const NamedTensor> tensors,
                     const std::map<std::string, std::string, std::less<>>& metadata) {
  const std::string where = "write " + path.string();
  std::vector<const NamedTensor*> order;
  for (const NamedTensor& named : tensors) order.push_back(&named);
  std::sort(order.begin(), order.end(), [](const NamedTensor* a, const NamedTensor* b) {
    const auto wide_a = width_of(a->tensor.dtype);
    const auto wide_b = width_of(b->tensor.dtype);
    return wide_a != wide_b ? wide_a > wide_b : a->name < b->name;
  });

  Json object = Json::object();
  if (!metadata.empty()) object[std::string(metadata_name)] = metadata;
  std::size_t offset = 0;
  for (const NamedTensor* named : order) {
    const auto& [dtype, shape, bytes] = named->tensor;
    if (named->name == metadata_name || object.contains(named->name)) {
      throw dope::Error(where, text("tensor name ", printable(named->name)),
                        "every name once, and not __metadata__");
    }
    if (bytes_of(shape, dtype) != bytes.size()) {
      throw dope::Error(where, text(bytes.size(), " bytes in ", printable(named->name)),
                        text("the bytes of shape ", text_of(shape), " of ", name_of(dtype)));
    }
    object[named->name] = {{"dtype", std::string(name_of(dtype))},
                           {"shape", shape},
                           {"data_offsets", {offset, offset + bytes.size()}}};
    offset += bytes.size();
  }

  std::string header;
  try {
    header = object.dump();
  } catch (const Json::exception&) {
    throw dope::Error(where, "a name or metadata that is not UTF-8", "UTF-8");
  }
  header.append((8 - header.size() % 8) % 8, ' ');
  const std::uint64_t length = header.size();
  if (length > longest_header) {
    throw dope::Error(where, text("a header of ", length, " bytes"), text("at most ", longest_header));
  }
  std::vector<std::span<const std::byte>> parts;
  parts.push_back(std::as_bytes(std::span(&length, 1)));
  parts.push_back(std::as_bytes(std::span<const char>(header)));
  for (const NamedTensor* named : order) parts.push_back(named->tensor.bytes);
  files.add(path, parts);
}

void write_safetensors(const std::filesystem::path& path, std::span<const NamedTensor> tensors,
                       const std::map<std::string, std::string, std::less<>>& metadata) {
  FileSet files;
  add_safetensors(files, path, tensors, metadata);
  files.keep();
}

}  // namespace reference
