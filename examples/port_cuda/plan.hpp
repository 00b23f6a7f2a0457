// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "dope/denoise/plan.hpp"
#include "dope/denoise/planned_rope.hpp"
#include "port_cuda/case_file.hpp"
#include "port_cuda/engine.hpp"

namespace port {

/// One layer of a plan, as the Denoise kernel takes it. Plan and frequencies are the library's; which head
/// loses what is worked out here, once a request, on the CPU.
class PlannedLayer {
 public:
  /// From a case's attributes. Throws dope::Error where they are not a valid plan.
  explicit PlannedLayer(const CaseFile& file);

  [[nodiscard]] const dope::Plan& plan() const noexcept { return plan_; }
  [[nodiscard]] std::size_t layer() const noexcept { return layer_; }

  /// Table 0 is the request's, table 1 that of a denoised head.
  [[nodiscard]] TableSet tables() const;

  /// Per band: not 0 where by-parts `remove` blanks it.
  [[nodiscard]] std::vector<std::uint8_t> removed() const { return removed_; }

  [[nodiscard]] HeadPlan head(dope::HeadRole role, std::size_t head) const;
  [[nodiscard]] NoiseSource noise_source(dope::HeadRole role) const;

 private:
  dope::Plan plan_;
  std::size_t layer_ = 0;
  dope::Frequencies scaled_;
  dope::Frequencies denoised_;
  std::vector<std::uint8_t> removed_;
};

}  // namespace port
