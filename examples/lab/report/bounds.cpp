// SPDX-License-Identifier: MIT
#include "lab/report/bounds.hpp"

#include <map>
#include <set>
#include <utility>
#include <variant>

#include "dope/core/error.hpp"
#include "lab/report/needle_view.hpp"
#include "lab/report/sweep_view.hpp"

namespace report {
namespace {

using dope::detail::text;

/// "Lengths: 12 of 250 are shown, RULE."
void say(std::vector<std::string>& left_out, std::string_view what, std::size_t shown, std::size_t all,
         std::string_view rule) {
  if (shown < all) left_out.push_back(text(what, ": ", shown, " of ", all, " are shown, ", rule, "."));
}

constexpr std::string_view even_rule = "evenly spaced, the first and the last among them";

std::set<std::string> methods_shown(const std::vector<TestCell>& tests, std::string_view scaling,
                                    std::vector<std::string>& left_out) {
  std::set<std::string> seen;
  std::set<std::string> shown;
  for (const TestCell& test : tests) {
    if (!seen.insert(test.method).second) continue;
    if (shown.size() < most_methods || test.method == scaling) shown.insert(test.method);
  }
  say(left_out, "Methods", shown.size(), seen.size(), text("the first in the file, and ", scaling));
  return shown;
}

std::set<std::size_t> lengths_shown(const std::vector<TestCell>& tests, std::vector<std::string>& left_out) {
  std::set<std::size_t> seen;
  for (const TestCell& test : tests) seen.insert(test.length);
  const auto shown = some_of(std::vector<std::size_t>(seen.begin(), seen.end()), most_lengths);
  say(left_out, "Lengths", shown.size(), seen.size(), even_rule);
  return {shown.begin(), shown.end()};
}

std::set<std::string> setups_shown(const std::vector<TestCell>& tests, std::vector<std::string>& left_out) {
  const auto seen = setups_in_order(tests);
  const std::size_t count = std::min(seen.size(), most_setups);
  say(left_out, "Setups", count, seen.size(), "the first in the order of the columns");
  return {seen.begin(), seen.begin() + static_cast<std::ptrdiff_t>(count)};
}

/// Cells by length, the ones that a page shows.
template <class Cell>
std::vector<Cell> cells_shown(const std::vector<Cell>& cells, std::size_t most, std::string_view what,
                              std::vector<std::string>& left_out) {
  std::vector<const Cell*> order;
  for (const Cell& cell : cells) order.push_back(&cell);
  if (order.size() > most) {
    std::stable_sort(order.begin(), order.end(),
                     [](const Cell* a, const Cell* b) { return a->length < b->length; });
  }
  std::vector<Cell> shown;
  for (const Cell* cell : some_of(order, most)) shown.push_back(*cell);
  say(left_out, what, shown.size(), cells.size(), text("of lengths ", even_rule));
  return shown;
}

void bound_sweep(SweepCell& sweep, std::vector<std::string>& left_out) {
  const auto transforms = transforms_of(sweep);
  if (transforms.size() <= most_transforms) return;
  const std::set<std::string> shown(transforms.begin(),
                                    transforms.begin() + static_cast<std::ptrdiff_t>(most_transforms));
  std::erase_if(sweep.plans, [&](const SweptPlan& plan) { return !shown.contains(plan.transform); });
  say(left_out, text("Transforms of the sweep at ", sweep.length), most_transforms, transforms.size(),
      "the first in the file");
}

void say_values(const std::vector<SweepCell>& sweeps, std::vector<std::string>& left_out) {
  constexpr std::pair<Feature, std::string_view> features[] = {
      {Feature::n, "n"},       {Feature::r, "r"},         {Feature::entropy, "entropy"},
      {Feature::side, "side"}, {Feature::stage, "stage"}, {Feature::order, "order"}};
  for (const auto& [feature, word] : features) {
    const std::size_t all = values_of(feature, sweeps).size();
    say(left_out, text("Values of ", word), std::min(all, most_values), all, even_rule);
  }
}

void bound_attention(AttentionCell& cell, std::vector<std::string>& left_out) {
  const std::size_t by_bins = std::max<std::size_t>(1, most_attention_bins / cell.bins);
  const std::size_t most = std::min(most_attention_rows, by_bins);
  const std::size_t all = cell.rows.size();
  if (all <= most) return;
  std::stable_partition(cell.rows.begin(), cell.rows.end(),
                        [](const AttentionRow& row) { return !row.selected_by.empty(); });
  cell.rows.resize(most);
  say(left_out, text("Attention of heads at ", cell.length), most, all, "selected ones first");
}

/// Bytes of a text once escaped, for either writer.
std::size_t size_of(std::string_view words) {
  constexpr std::string_view marks = "&<>\"'_\\`*[]#|";
  std::size_t size = words.size();
  for (const char byte : words) {
    if (static_cast<unsigned char>(byte) < 0x20 || marks.find(byte) != std::string_view::npos) size += 5;
  }
  return size;
}

std::size_t cost_of_sheet(const page::Sheet& sheet) {
  constexpr std::size_t around_cell = 48;
  std::size_t html = 400 + 2 * size_of(sheet.caption);
  std::vector<std::size_t> widest;
  for (const auto& column : sheet.columns) {
    const std::size_t title = size_of(column.title) + size_of(column.group) + 2;
    html += title + 2 * around_cell;
    widest.push_back(title);
  }
  for (const auto& row : sheet.rows) {
    html += 16;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::size_t size = size_of(row[i]);
      html += size + around_cell;
      if (i < widest.size()) widest[i] = std::max(widest[i], size);
    }
  }
  // Markdown pads every cell to its column's widest.
  std::size_t line = 2;
  for (const std::size_t width : widest) line += width + 3;
  return std::max(html, size_of(sheet.caption) + line * (sheet.rows.size() + 2));
}

struct Cost {
  std::size_t operator()(const page::Paragraph& paragraph) const { return size_of(paragraph.text) + 16; }
  std::size_t operator()(const page::Heading& heading) const { return size_of(heading.text) + 16; }
  std::size_t operator()(const page::Bullets& bullets) const {
    std::size_t sum = 16;
    for (const auto& item : bullets.items) sum += size_of(item) + 16;
    return sum;
  }
  std::size_t operator()(const page::Preformatted& block) const {
    const auto lines = std::count(block.text.begin(), block.text.end(), '\n');
    return size_of(block.text) + 5 * static_cast<std::size_t>(lines + 1) + 40;
  }
  std::size_t operator()(const page::Sheet& sheet) const { return cost_of_sheet(sheet); }
  std::size_t operator()(const page::Picture& picture) const {
    return picture.svg.size() + size_of(picture.caption) + 600 +
           (picture.values ? cost_of_sheet(*picture.values) : 0);
  }
  std::size_t operator()(const page::PictureFile& file) const {
    return file.svg.size() / 3 * 4 + 2 * size_of(file.title) + size_of(file.name) + 600;
  }
  std::size_t operator()(const page::Facts& facts) const {
    std::size_t sum = size_of(facts.summary) + 100;
    for (const auto& [name, value] : facts.items) sum += size_of(name) + size_of(value) + 32;
    return sum;
  }
  std::size_t operator()(const page::Gallery& gallery) const {
    std::size_t sum = 40;
    for (const auto& picture : gallery.pictures) sum += (*this)(picture);
    return sum;
  }
  std::size_t operator()(const page::Links& links) const {
    std::size_t sum = size_of(links.label) + 60;
    for (const auto& link : links.items) sum += size_of(link.text) + link.target.size() + 40;
    return sum;
  }
};

std::string size_in_words(std::size_t bytes) {
  return bytes < 1'000'000 ? text((bytes + 999) / 1000, " kB") : text((bytes + 999'999) / 1'000'000, " MB");
}

page::Paragraph left_out_here(std::size_t blocks, std::size_t bytes) {
  return {text("Left out here: ", blocks,
               blocks == 1 ? " table, picture or text of " : " tables, pictures or texts of ",
               size_in_words(bytes), "; a page holds at most ", most_page_bytes / 1'000'000,
               " MB, in equal shares for its runs.")};
}

}  // namespace

std::string list_of_heads(const std::vector<dope::HeadId>& heads) {
  std::string list;
  const std::size_t listed = std::min(heads.size(), most_listed_heads);
  for (std::size_t i = 0; i < listed; ++i)
    list += text(list.empty() ? "" : " ", heads[i].layer, ".", heads[i].head);
  if (listed < heads.size()) list += text(" and ", heads.size() - listed, " more");
  return list;
}

Shown shown_of(const NeedleCells& cells, std::string_view scaling) {
  Shown shown;
  const auto methods = methods_shown(cells.tests, scaling, shown.left_out);
  const auto lengths = lengths_shown(cells.tests, shown.left_out);
  const auto setups = setups_shown(cells.tests, shown.left_out);
  std::set<std::size_t> tested;
  for (const TestCell& test : cells.tests) {
    tested.insert(test.length);
    if (methods.contains(test.method) && lengths.contains(test.length) && setups.contains(test.setup))
      shown.cells.tests.push_back(test);
  }
  for (const HeadsCell& heads : cells.heads) {
    if (lengths.contains(heads.length) || !tested.contains(heads.length)) shown.cells.heads.push_back(heads);
  }
  shown.cells.sweeps = cells_shown(cells.sweeps, most_sweeps, "Sweeps", shown.left_out);
  for (SweepCell& sweep : shown.cells.sweeps) bound_sweep(sweep, shown.left_out);
  say_values(shown.cells.sweeps, shown.left_out);
  shown.cells.attentions =
      cells_shown(cells.attentions, most_attentions, "Pictures of attention", shown.left_out);
  for (AttentionCell& cell : shown.cells.attentions) bound_attention(cell, shown.left_out);
  return shown;
}

std::size_t cost_of(const page::Block& block) { return std::visit(Cost{}, block); }

std::size_t fit(page::Chapter& chapter, std::size_t bytes) {
  std::size_t taken = 2 * size_of(chapter.title) + 400;
  for (page::Section& section : chapter.sections) {
    taken += 2 * size_of(section.title) + 600;  // with the sentence on what is left out
    std::vector<page::Block> fitting;
    std::size_t dropped = 0;
    std::size_t dropped_bytes = 0;
    for (page::Block& block : section.blocks) {
      const std::size_t cost = cost_of(block);
      if (cost <= bytes - std::min(bytes, taken)) {
        taken += cost;
        fitting.push_back(std::move(block));
      } else {
        ++dropped;
        dropped_bytes += cost;
      }
    }
    if (dropped > 0) fitting.emplace_back(left_out_here(dropped, dropped_bytes));
    section.blocks = std::move(fitting);
  }
  return taken;
}

}  // namespace report
