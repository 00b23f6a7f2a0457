// SPDX-License-Identifier: MIT
#include "report.hpp"

#include "draw/chart.hpp"
#include "lab/support/statistics.hpp"
#include "lab/support/table.hpp"
#include "picture.hpp"

namespace perplexity {
namespace {

using lab::Align;
using lab::Column;
using lab::Table;

constexpr int decimals = 3;
enum class Against { nothing, dynamic_ntk };

/// A column of a table: a range of bins while growing, a width of window while sliding.
struct Entry {
  const Part* part;
  BinRange bins;
  std::string label;
};

double value_of(const Setting& setting, const Entry& entry, const lab::ResultStore::Json& cell,
                const std::string& method) {
  const Means means = means_in(cell, *entry.part, method);
  return entry.part->mode == Part::Mode::growing ? mean_of(setting.bins, entry.bins, means) : means.front();
}

/// One value a passage.
std::vector<double> values_of(const Setting& setting, const lab::ResultStore& store, const Entry& entry,
                              const std::string& method) {
  std::vector<double> values;
  for (std::size_t i = 0; i < setting.options.texts; ++i)
    values.push_back(value_of(setting, entry, *store.find(passage_key(i)), method));
  return values;
}

std::vector<Entry> entries_of(const Setting& setting, const std::vector<Part>& parts, Part::Mode mode) {
  std::vector<Entry> entries;
  for (const Part& part : parts) {
    if (part.mode != mode) continue;
    if (mode == Part::Mode::sliding) {
      entries.push_back({&part, {}, "W = " + lab::length_text(part.tokens, setting.bins.training_length)});
      continue;
    }
    for (const BinRange range : octaves_of(setting.bins)) {
      entries.push_back(
          {&part, range,
           dope::detail::text(setting.bins.first(range.first), "–", setting.bins.end(range.end - 1) - 1)});
    }
  }
  return entries;
}

double mean(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

/// "1.234 [1.200, 1.270]".
std::string with_interval(const std::vector<double>& values, std::uint64_t seed,
                          std::string (*shown)(double)) {
  const auto interval = lab::bootstrap_mean(values, seed);
  return shown(mean(values)) + " [" + shown(interval.low) + ", " + shown(interval.high) + "]";
}

std::string bits_text(double value) { return lab::figure(value, decimals); }

std::string difference_text(double value) {
  const std::string text = lab::figure(value, decimals);
  return text.front() == '-' ? "−" + text.substr(1) : "+" + text;
}

Table table_of(const Setting& setting, const std::vector<Part>& parts, const lab::ResultStore& store,
               Part::Mode mode, Against against) {
  const auto entries = entries_of(setting, parts, mode);
  std::vector<Column> columns = {{"method", Align::left}};
  for (const Entry& entry : entries) columns.push_back({entry.label, Align::right});
  Table table(columns);
  for (const Method& method : parts.front().methods) {
    if (against == Against::dynamic_ntk && method.name == rival) continue;
    std::vector<std::string> row = {method.name};
    for (const Entry& entry : entries) {
      auto values = values_of(setting, store, entry, method.name);
      if (against == Against::nothing) {
        row.push_back(with_interval(values, setting.options.seed, bits_text));
        continue;
      }
      const auto others = values_of(setting, store, entry, std::string(rival));
      for (std::size_t i = 0; i < values.size(); ++i) values[i] -= others[i];
      row.push_back(with_interval(values, setting.options.seed, difference_text));
    }
    table.add_row(row);
  }
  return table;
}

std::string section(std::string_view heading, const Table& table, Form form) {
  return (form == Form::markdown ? "## " : "") + std::string(heading) + "\n\n" +
         (form == Form::markdown ? table.markdown() : table.text()) + "\n";
}

}  // namespace

std::string tables(const Setting& setting, const std::vector<Part>& parts, const lab::ResultStore& store,
                   Form form) {
  std::string text = form == Form::markdown ? "# Bits per byte against position\n\n" : "";
  text += dope::detail::text("Mean of ", setting.options.texts,
                             " passages with 95 % bootstrap interval over passages; L = ",
                             setting.bins.training_length, " tokens.\n\n");
  const auto add = [&](Part::Mode mode, const std::string& heading) {
    text += section(heading, table_of(setting, parts, store, mode, Against::nothing), form);
    text += section(heading + ", more than " + std::string(rival) + " on the same passages",
                    table_of(setting, parts, store, mode, Against::dynamic_ntk), form);
  };
  if (setting.grows()) {
    add(Part::Mode::growing,
        dope::detail::text("Growing context of ", setting.bins.length, " tokens: bits per byte by position"));
  }
  if (!setting.widths.empty()) {
    add(Part::Mode::sliding, dope::detail::text("Sliding windows of W tokens: bits per byte of the last ",
                                                setting.scored, " bytes, stride ", setting.stride));
  }
  text.pop_back();
  return text;
}

std::vector<std::filesystem::path> write_report(const Setting& setting, const std::vector<Part>& parts,
                                                const lab::ResultStore& store, lab::RunFolder& folder) {
  lab::RunFolder::Files files;
  files.add("table.md", tables(setting, parts, store, Form::markdown));
  files.add("bits_by_position.svg", picture_of(setting, parts, store));
  return folder.write(files);
}

}  // namespace perplexity
