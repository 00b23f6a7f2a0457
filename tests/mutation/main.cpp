// SPDX-License-Identifier: MIT
// In place of support/main.cpp where mutants are tried. DOPE_MUTANT: the number of the one that is awake.
// DOPE_REACHED: a file that gets a line per test case, "FILE<tab>NAME<tab>SECONDS<tab>NUMBERS", of the
// mutants that the case comes across; number 0 stands for no mutant.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fstream>

namespace dope_mutation {

int awake = std::getenv("DOPE_MUTANT") != nullptr ? std::atoi(std::getenv("DOPE_MUTANT")) : 0;
unsigned char reached[most];

}  // namespace dope_mutation

namespace {

using dope_mutation::reached;

double seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// Mutants that were asked for before the first test case began: every case depends on them.
bool early[dope_mutation::most];

struct Reached : doctest::IReporter {
  explicit Reached(const doctest::ContextOptions&) {
    if (const char* path = std::getenv("DOPE_REACHED")) file.open(path);
  }

  void test_run_start() override { std::copy(std::begin(reached), std::end(reached), early); }
  void test_case_start(const doctest::TestCaseData& data) override {
    which = &data;
    begun = seconds();
    std::fill(std::begin(reached), std::end(reached), static_cast<unsigned char>(0));
  }
  void test_case_end(const doctest::CurrentTestCaseStats&) override {
    if (!file) return;
    file << which->m_file.c_str() << '\t' << which->m_name << '\t' << seconds() - begun << "\t0";
    for (int number = 1; number < dope_mutation::most; ++number) {
      if (reached[number] != 0 || early[number]) file << ' ' << number;
    }
    file << '\n' << std::flush;
  }

  void report_query(const doctest::QueryData&) override {}
  void test_run_end(const doctest::TestRunStats&) override {}
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}

  std::ofstream file;
  const doctest::TestCaseData* which = nullptr;
  double begun = 0.0;
};

REGISTER_LISTENER("reached", 1, Reached);

}  // namespace

int main(int argc, char** argv) { return doctest::Context(argc, argv).run(); }
