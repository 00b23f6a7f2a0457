// SPDX-License-Identifier: MIT
#include "lab/support/cell_fields.hpp"

#include <doctest/doctest.h>

#include <string>

#include "dope/core/error.hpp"

using lab::CellFields;
using Json = CellFields::Json;

namespace {

template <class Read>
std::string refusal(const Json& cell, const Read& read) {
  try {
    read(CellFields(cell, "results f, line 2, cell 'k'"));
  } catch (const dope::Error& error) {
    CHECK(error.where().starts_with("results f, line 2, cell 'k'"));
    return error.given();
  }
  return "taken";
}

}  // namespace

TEST_CASE("every kind of value is taken as it is written, and refused by key otherwise") {
  const double least = lab::least_log_probability;
  const auto logs = [&](const CellFields& cell) { cell.numbers("l", 2, least, 0.0); };
  CHECK(refusal({{"l", {-1.5, 0}}}, logs) == "taken");
  CHECK(refusal({{"l", {-1.5, 1e-9}}}, logs) == "'l' = 1e-09");
  CHECK(refusal({{"l", {-1e300, 0}}}, logs) == "'l' = -1e+300");
  CHECK(refusal({{"l", {-1.5}}}, logs) == "'l' = an array of 1");
  CHECK(refusal({{"l", {-1.5, 0, 0}}}, logs) == "'l' = an array of 3");
  CHECK(refusal({{"l", {-1.5, nullptr}}}, logs) == "'l' = null");
  CHECK(refusal({{"l", {-1.5, "x"}}}, logs) == "'l' = 'x'");
  CHECK(refusal({{"l", 1}}, logs) == "'l' = 1");
  CHECK(refusal(Json::object(), logs) == "no 'l'");
  CHECK(refusal(Json(3), logs) == "3");

  const auto verdicts = [](const CellFields& cell) { static_cast<void>(cell.verdicts("v", 3)); };
  CHECK(refusal({{"v", "010"}}, verdicts) == "taken");
  CHECK(refusal({{"v", "01"}}, verdicts) == "'v' = '01'");
  CHECK(refusal({{"v", "012"}}, verdicts) == "'v' = '012'");
  CHECK(refusal({{"v", 1}}, verdicts) == "'v' = 1");

  const auto count = [](const CellFields& cell) { cell.count("c", 1, 9); };
  CHECK(refusal({{"c", 9u}}, count) == "taken");
  for (const Json& bad : {Json(0), Json(10), Json(-1), Json(1.5), Json("1"), Json(18446744073709551615u)})
    CHECK(refusal({{"c", bad}}, count).starts_with("'c' = "));

  const auto pairs = [](const CellFields& cell) { cell.pairs("p", 1, 0.0, 1.0); };
  CHECK(refusal({{"p", Json::array({Json::array({0, 1})})}}, pairs) == "taken");
  for (const Json& bad :
       {Json::array({Json::array({0})}), Json::array({1}), Json::array({Json::array({0, 2})})})
    CHECK(refusal({{"p", bad}}, pairs).starts_with("'p' = "));

  const auto inner = [](const CellFields& cell) { static_cast<void>(cell.object("o").text("t")); };
  CHECK(refusal({{"o", {{"t", "x"}}}}, inner) == "taken");
  CHECK(refusal({{"o", {{"t", 1}}}}, inner) == "'t' = 1");
  CHECK(refusal({{"o", 1}}, inner) == "'o' = 1");
  CHECK(refusal({{"o\x1b", 1}}, inner) == "no 'o'");
}
