// SPDX-License-Identifier: MIT
#include <memory>
#include <vector>

#include "port_cuda/engine_on.hpp"

namespace port {
namespace {

struct HostDevice {
  template <class T>
  class Array {
   public:
    Array(const T* host, std::size_t count) : values_(host, host + count) {}
    explicit Array(std::size_t count) : values_(count) {}
    [[nodiscard]] T* data() { return values_.data(); }
    [[nodiscard]] const T* data() const { return values_.data(); }
    [[nodiscard]] std::vector<T> host() const { return values_; }

   private:
    std::vector<T> values_;
  };

  template <class Body>
  void run(const Body& body) {
    for (std::size_t i = body.threads(); i-- > 0;) body(i);
  }
};

}  // namespace

std::unique_ptr<Engine> make_host_engine() { return std::make_unique<EngineOn<HostDevice>>(); }

}  // namespace port
