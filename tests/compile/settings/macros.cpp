// SPDX-License-Identifier: MIT
// The headers compile where other libraries' macros are defined: those of <windows.h> and what it includes,
// <complex.h>, <termios.h>, <sys/sysmacros.h>, X11, Qt, and Objective-C's. What dope includes itself stands
// before them, as those headers have names of their own. (headers.cmake looks for the names in branches that
// are not compiled here.)
#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <Eigen/SVD>
#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <compare>
#include <complex>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <map>
#include <new>
#include <numbers>
#include <numeric>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>
#include <xsimd/xsimd.hpp>

#define min(a, b) (((a) < (b)) ? (a) : (b))
#define max(a, b) (((a) > (b)) ? (a) : (b))
#define near
#define far
#define NEAR
#define FAR
#define small char
#define hyper long long
#define interface struct
#define pascal
#define cdecl
#define PASCAL
#define CDECL
#define I _Complex_I
#define E 2.718281828459045
#define IN
#define OUT
#define OPTIONAL
#define CONST const
#define ERROR 0
#define NO_ERROR 0L
#define DELETE (0x00010000L)
#define TRUE 1
#define FALSE 0
#define VOID void
#define BOOL int
#define THIS this
#define STRICT 1
#define ABSOLUTE 1
#define RELATIVE 2
#define TRANSPARENT 1
#define OPAQUE 2
#define IGNORE 0
#define Yield()
#define rad1 0x0420
#define rad2 0x0421
#define grp1 0x0430
#define stc1 0x0440
#define ECHO 0000010
#define B0 0000000
#define B50 0000001
#define CR0 0000000
#define NL0 0000000
#define TAB0 0000000
#define None 0L
#define True 1
#define False 0
#define Bool int
#define Status int
#define Success 0
#define Always 2
#define Never 0
#define Above 0
#define Below 1
#define Unsorted 0
#define Complex 0
#define Convex 2
#define Nonconvex 1
#define DOMAIN 1
#define SING 2
#define OVERFLOW 3
#define UNDERFLOW 4
#define PI 3.1415926535897932384626433832795
#define unix 1
#define linux 1
#define major(dev) (dev)
#define minor(dev) (dev)
#define signals public
#define slots
#define emit
#define foreach(a, b) for (a : b)
#define forever for (;;)
#define nil 0
#define Nil 0
#define YES 1
#define NO 0
#define check(assertion)
#define verify(assertion)
#define CreateWindow(a, b) CreateWindowA(a, b)
#define GetObject GetObjectA
#define SelectObject SelectObjectA

#include "dope/dope.hpp"

#undef check  // dope::conformance::check has this name, which old versions of Apple's AssertMacros.h take too
#include "dope/conformance.hpp"

int main() {}
