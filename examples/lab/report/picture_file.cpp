// SPDX-License-Identifier: MIT
#include "lab/report/picture_file.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <set>
#include <system_error>
#include <utility>

#include "dope/core/error.hpp"
#include "draw/svg.hpp"
#include "transformer/checked_json.hpp"

namespace report {
namespace {

using dope::detail::text;

constexpr std::size_t largest_picture = std::size_t{1} << 23;
constexpr std::size_t deepest_element = 256;
constexpr std::string_view white_space = " \t\r\n";
constexpr std::string_view svg_namespace = "http://www.w3.org/2000/svg";

std::string utf8(std::uint32_t code) {
  const auto byte = [](std::uint32_t value) { return static_cast<char>(static_cast<unsigned char>(value)); };
  if (code < 0x80) return {byte(code)};
  if (code < 0x800) return {byte(0xc0u | code >> 6), byte(0x80u | (code & 0x3fu))};
  if (code < 0x10000)
    return {byte(0xe0u | code >> 12), byte(0x80u | (code >> 6 & 0x3fu)), byte(0x80u | (code & 0x3fu))};
  return {byte(0xf0u | code >> 18), byte(0x80u | (code >> 12 & 0x3fu)), byte(0x80u | (code >> 6 & 0x3fu)),
          byte(0x80u | (code & 0x3fu))};
}

/// Walks a document once, from tag to tag.
class SvgReader {
 public:
  SvgReader(std::string_view bytes, const std::string& where) : rest_(bytes), where_(where) {}

  std::string title() {
    require(lab::is_xml_text(rest_), "bytes that are no text in UTF-8");
    static_cast<void>(take("\xef\xbb\xbf"));
    if (take("<?xml ")) skip_past("?>");
    while (!rest_.empty()) {
      if (take("<?")) {
        require(!rest_.starts_with("xml "), "an XML declaration that is not first");
        skip_past("?>");
      } else if (take("<!--")) {
        skip_past("--");
        require(take(">"), "a comment with -- in it");
      } else if (take("</")) {
        close();
      } else if (take("<![CDATA[")) {
        require(!open_.empty(), "text outside of an element");
        heard(skip_past("]]>"));
      } else if (take("<")) {
        open();
      } else {
        const std::string_view run = rest_.substr(0, rest_.find('<'));
        const bool blank = run.find_first_not_of(white_space) == std::string_view::npos;
        require(blank || !open_.empty(), "text outside of an element");
        require(run.find("]]>") == std::string_view::npos, "]]> in a text");
        heard(characters(run));
        rest_.remove_prefix(run.size());
      }
    }
    require(rooted_, "no element");
    require(open_.empty(), "no end of " + shown(open_.empty() ? "" : open_.back()));
    return words(title_);
  }

 private:
  void require(bool truth, const std::string& otherwise) const {
    if (!truth)
      throw dope::Error(where_, otherwise,
                        "an SVG picture: XML whose root is svg of " + std::string(svg_namespace));
  }
  static std::string shown(std::string_view name) { return reference::printable(name); }

  bool take(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  /// What stands before `token`, which is passed over too.
  std::string_view skip_past(std::string_view token) {
    const std::size_t at = rest_.find(token);
    require(at != std::string_view::npos, "no " + std::string(token));
    const std::string_view before = rest_.substr(0, at);
    rest_.remove_prefix(at + token.size());
    return before;
  }
  void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(white_space), rest_.size())); }

  std::string_view name() {
    const std::size_t end = std::min(rest_.find_first_of(" \t\r\n/><=\"'&!?"), rest_.size());
    require(end > 0, "no name after <");
    const std::string_view found = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return found;
  }

  void open() {
    require(!rest_.starts_with('!'), "a document type");
    const std::string_view element = name();
    require(!rooted_ || !open_.empty(), "a second root");
    require(rooted_ || element == "svg", "the root " + shown(element));
    require(open_.size() < deepest_element, text("more than ", deepest_element, " elements in each other"));
    const bool root = !rooted_;
    rooted_ = true;
    bool in_svg = false;
    std::set<std::string_view> seen;
    while (true) {
      const bool spaced = !rest_.empty() && white_space.find(rest_.front()) != std::string_view::npos;
      skip_space();
      if (rest_.starts_with('>') || rest_.starts_with("/>")) break;
      require(spaced, "no end of the tag " + shown(element));
      const std::string_view attribute = name();
      require(seen.insert(attribute).second, "twice " + shown(attribute));
      skip_space();
      require(take("="), "no value of " + shown(attribute));
      skip_space();
      require(rest_.starts_with('"') || rest_.starts_with('\''), "no value of " + shown(attribute));
      const std::string_view quote = rest_.substr(0, 1);
      rest_.remove_prefix(1);
      const std::string_view value = skip_past(quote);
      require(value.find('<') == std::string_view::npos, "no end of " + shown(attribute));
      const std::string meant = characters(value);
      in_svg = in_svg || (attribute == "xmlns" && meant == svg_namespace);
    }
    require(!root || in_svg, "a root of another namespace");
    open_.push_back(element);
    if (take("/>")) {
      leave();
    } else {
      static_cast<void>(take(">"));
    }
  }

  void close() {
    const std::string_view element = name();
    skip_space();
    require(take(">"), "no end of the tag " + shown(element));
    require(!open_.empty() && open_.back() == element,
            "the end of " + shown(element) + " where it is not open");
    leave();
  }

  void leave() {
    titled_ = titled_ || in_title();
    open_.pop_back();
  }

  [[nodiscard]] bool in_title() const { return !titled_ && open_.size() == 2 && open_.back() == "title"; }
  void heard(std::string_view what) {
    if (in_title()) title_ += what;
  }

  /// Character data without its references.
  [[nodiscard]] std::string characters(std::string_view run) const {
    std::string out;
    while (!run.empty()) {
      const std::size_t plain = std::min(run.find('&'), run.size());
      out += run.substr(0, plain);
      run.remove_prefix(plain);
      if (run.empty()) break;
      const std::size_t end = run.find(';');
      require(end != std::string_view::npos, "a bare &");
      out += meaning(run.substr(1, end - 1));
      run.remove_prefix(end + 1);
    }
    return out;
  }

  [[nodiscard]] std::string meaning(std::string_view reference) const {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 5> named = {
        {{"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"apos", "'"}}};
    for (const auto& [name, character] : named) {
      if (reference == name) return std::string(character);
    }
    const bool hexadecimal = reference.starts_with("#x");
    const std::string_view digits =
        reference.substr(std::min<std::size_t>(hexadecimal ? 2 : 1, reference.size()));
    std::uint32_t code = 0;
    const auto [end, failure] =
        std::from_chars(digits.data(), digits.data() + digits.size(), code, hexadecimal ? 16 : 10);
    const bool whole =
        reference.starts_with('#') && failure == std::errc{} && end == digits.data() + digits.size();
    const std::string character = whole && code <= 0x10ffff ? utf8(code) : "";
    require(!character.empty() && lab::is_xml_text(character), "the unknown entity " + shown(reference));
    return character;
  }

  static std::string words(std::string_view said) {
    std::string out;
    while (true) {
      said.remove_prefix(std::min(said.find_first_not_of(white_space), said.size()));
      if (said.empty()) return out;
      const std::size_t end = std::min(said.find_first_of(white_space), said.size());
      out += (out.empty() ? "" : " ") + std::string(said.substr(0, end));
      said.remove_prefix(end);
    }
  }

  std::string_view rest_;
  const std::string& where_;
  std::vector<std::string_view> open_;
  bool rooted_ = false;
  std::string title_;
  bool titled_ = false;
};

}  // namespace

std::string title_of_svg(std::string_view bytes, const std::string& where) {
  return SvgReader(bytes, where).title();
}

std::vector<page::PictureFile> pictures_of(const std::filesystem::path& folder,
                                           const std::vector<std::string>& files) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& name : files) {
    if (name.ends_with(".svg") && std::filesystem::exists(folder / name, ignored)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  std::vector<page::PictureFile> pictures;
  for (const auto& name : names) {
    const auto path = folder / name;
    std::string bytes = reference::read_text(path, largest_picture);
    const std::string title = title_of_svg(bytes, "picture " + reference::printable(path.string()));
    pictures.push_back({name, title.empty() ? name : title, std::move(bytes)});
  }
  return pictures;
}

}  // namespace report
