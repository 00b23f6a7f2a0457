// SPDX-License-Identifier: MIT
#pragma once

// The conformance kit: hold any RoPE or DoPE kernel against the truth. One call is check(kernel).

#include "dope/conformance/array.hpp"
#include "dope/conformance/call.hpp"
#include "dope/conformance/capabilities.hpp"
#include "dope/conformance/case.hpp"
#include "dope/conformance/catalogue.hpp"
#include "dope/conformance/cause.hpp"
#include "dope/conformance/check.hpp"
#include "dope/conformance/expected.hpp"
#include "dope/conformance/inputs.hpp"
#include "dope/conformance/judge.hpp"
#include "dope/conformance/report.hpp"
#include "dope/conformance/tolerance.hpp"
#include "dope/core/compiler.hpp"
