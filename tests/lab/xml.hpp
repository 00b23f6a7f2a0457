// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace lab::test {

struct XmlElement {
  std::string name;
  std::map<std::string, std::string> attributes;
  std::string text;
};

/// A small strict reader of the XML that pictures use: a declaration, elements, attributes in double
/// quotes, character data, the five named entities and decimal references. No comments, no CDATA.
/// Throws std::runtime_error for anything that is not well-formed.
class XmlReader {
 public:
  explicit XmlReader(std::string_view bytes) : rest_(bytes) {}

  /// All elements in the order they open, texts without entities.
  std::vector<XmlElement> elements() {
    expect("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    element();
    if (rest_ != "\n") fail("something after the root");
    return found_;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error(what + " before: " + std::string(rest_.substr(0, 40)));
  }
  bool take(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  void expect(std::string_view token) {
    if (!take(token)) fail("no " + std::string(token));
  }
  std::string name() {
    const std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-:0123456789";
    const std::size_t end = std::min(rest_.find_first_not_of(letters), rest_.size());
    if (end == 0 || rest_[0] == '-' || (rest_[0] >= '0' && rest_[0] <= '9')) fail("no name");
    const std::string found(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return found;
  }
  /// Character data up to one of `stops`, which stays.
  std::string data(std::string_view stops) {
    std::string out;
    while (true) {
      if (rest_.empty()) fail("no end of text");
      const char byte = rest_.front();
      if (stops.find(byte) != std::string_view::npos) return out;
      if (byte == '<' || byte == '>') fail("a bare bracket");
      if (static_cast<unsigned char>(byte) < 0x20 && byte != '\n' && byte != '\t' && byte != '\r')
        fail("a control character");
      if (byte == '&') {
        out += entity();
      } else {
        out += byte;
        rest_.remove_prefix(1);
      }
    }
  }
  char entity() {
    for (const auto& [token, meaning] : std::map<std::string_view, char>{{"&amp;", '&'},
                                                                         {"&lt;", '<'},
                                                                         {"&gt;", '>'},
                                                                         {"&quot;", '"'},
                                                                         {"&#39;", '\''},
                                                                         {"&apos;", '\''}}) {
      if (take(token)) return meaning;
    }
    fail("an unknown entity");
  }
  void element() {
    expect("<");
    const std::size_t self = found_.size();
    found_.push_back({name(), {}, {}});
    const std::string opened = found_[self].name;
    while (take(" ")) {
      const std::string key = name();
      expect("=\"");
      if (!found_[self].attributes.emplace(key, data("\"")).second) fail("an attribute twice");
      expect("\"");
    }
    if (take("/>")) return;
    expect(">");
    while (true) {
      found_[self].text += data("<");
      if (take("</")) break;
      element();
    }
    if (name() != opened) fail("another end tag than " + opened);
    expect(">");
  }

  std::string_view rest_;
  std::vector<XmlElement> found_;
};

inline std::vector<XmlElement> xml_elements(std::string_view bytes) { return XmlReader(bytes).elements(); }

inline std::size_t count_texts(const std::vector<XmlElement>& elements, std::string_view text) {
  std::size_t count = 0;
  for (const auto& element : elements) {
    if (element.name == "text" && element.text == text) ++count;
  }
  return count;
}

/// Texts that XML, JSON and Markdown writers get wrong.
inline const std::vector<std::string>& hostile_texts() {
  static const std::vector<std::string> texts = {"a < b && c > d",
                                                 "\"quoted\" 'too'",
                                                 "</text></svg><script>alert(1)</script>",
                                                 "]]>",
                                                 "&amp; &#x0; &unknown;",
                                                 std::string("nul\0here", 8),
                                                 "\x01\x02\x1b[0m",
                                                 "\xff\xfe",
                                                 "\xc3",
                                                 "\xc0\xaf",
                                                 "\xed\xa0\x80",
                                                 "\xef\xbf\xbf",
                                                 "\xf4\x90\x80\x80",
                                                 "größer – 深い 😀",
                                                 "",
                                                 "line\nbreak\ttab",
                                                 "<!-- --> <?xml?>"};
  return texts;
}

}  // namespace lab::test
