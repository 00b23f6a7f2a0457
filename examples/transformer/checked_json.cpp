// SPDX-License-Identifier: MIT
#include "transformer/checked_json.hpp"

#include <set>
#include <span>
#include <vector>

#include "dope/core/error.hpp"
#include "transformer/mapped_file.hpp"

namespace reference {
namespace {

using dope::detail::text;

constexpr int deepest = 32;

}  // namespace

std::string printable(std::string_view given) {
  constexpr std::size_t longest = 120;
  constexpr std::size_t half = longest / 2;
  constexpr char digits[] = "0123456789abcdef";
  const auto escaped = [&](std::string_view part) {
    std::string safe;
    for (const char character : part) {
      const auto byte = static_cast<unsigned char>(character);
      if (byte >= 0x20 && byte < 0x7f) {
        safe += character;
      } else {
        safe += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
      }
    }
    return safe;
  };
  if (given.size() <= longest) return "'" + escaped(given) + "'";
  return "'" + escaped(given.substr(0, half)) + "..." + escaped(given.substr(given.size() - half)) + "'";
}

std::string shown(const nlohmann::json& value) {
  if (value.is_object()) return text("an object of ", value.size());
  if (value.is_array()) return text("an array of ", value.size());
  if (value.is_string()) return printable(value.get_ref<const std::string&>());
  return value.dump();
}

nlohmann::json parse_object(std::string_view given, std::string_view where) {
  const std::string name(where);
  if (given.find('\0') != std::string_view::npos) throw dope::Error(name, "a NUL byte", "JSON text");
  std::vector<std::set<std::string, std::less<>>> keys;
  const auto check = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& value) {
    using Event = nlohmann::json::parse_event_t;
    if (depth > deepest)
      throw dope::Error(name, "JSON nested too deeply", text("at most ", deepest, " levels"));
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end) keys.pop_back();
    if (event == Event::key && !keys.back().insert(value.get<std::string>()).second) {
      throw dope::Error(name, text(printable(value.get_ref<const std::string&>()), " twice"),
                        "every name once");
    }
    return true;
  };
  nlohmann::json object;
  try {
    object = nlohmann::json::parse(given.begin(), given.end(), check);
  } catch (const nlohmann::json::exception& error) {
    throw dope::Error(name, printable(error.what()), "valid JSON");
  }
  if (!object.is_object()) throw dope::Error(name, text("JSON that is ", shown(object)), "a JSON object");
  return object;
}

std::string read_text(const std::filesystem::path& path, std::size_t limit) {
  const MappedFile file(path);
  const auto bytes = file.bytes();
  if (bytes.size() > limit) {
    throw dope::Error(path.string(), text(bytes.size(), " bytes"),
                      text("a text of at most ", limit, " bytes"));
  }
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

nlohmann::json read_object(const std::filesystem::path& path, std::size_t limit) {
  return parse_object(read_text(path, limit), path.string());
}

}  // namespace reference
