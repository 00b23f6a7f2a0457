// SPDX-License-Identifier: MIT
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dope/core/error.hpp"
#include "port_cuda/engine_on.hpp"
#include "port_cuda/kernels.cuh"

namespace port {
namespace {

void require(cudaError_t status, const char* call) {
  if (status != cudaSuccess) {
    throw dope::Error(call, std::string(cudaGetErrorName(status)) + " (" + cudaGetErrorString(status) + ")",
                      "success");
  }
}

struct CudaDevice {
  CudaDevice() {
    int count = 0;
    const cudaError_t status = cudaGetDeviceCount(&count);
    if (status != cudaSuccess || count == 0) {
      throw dope::Error("CUDA", status == cudaSuccess ? "no GPU" : std::string(cudaGetErrorString(status)),
                        "a GPU and its driver; --host runs the same formulas on the CPU");
    }
    require(cudaSetDevice(0), "cudaSetDevice");
  }

  template <class T>
  class Array {
   public:
    Array(const T* host, std::size_t count) : Array(Room{count}) {
      if (count != 0)
        require(cudaMemcpy(data_, host, bytes(), cudaMemcpyHostToDevice), "cudaMemcpy to the GPU");
    }
    explicit Array(std::size_t count) : Array(Room{count}) {
      if (count != 0) require(cudaMemset(data_, 0, bytes()), "cudaMemset");
    }
    Array(Array&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), count_(std::exchange(other.count_, 0)) {}
    Array& operator=(Array&&) = delete;
    ~Array() { cudaFree(data_); }

    [[nodiscard]] T* data() { return data_; }
    [[nodiscard]] const T* data() const { return data_; }
    [[nodiscard]] std::vector<T> host() const {
      std::vector<T> values(count_);
      if (count_ != 0) {
        require(cudaMemcpy(values.data(), data_, bytes(), cudaMemcpyDeviceToHost), "cudaMemcpy from the GPU");
      }
      return values;
    }

   private:
    struct Room {
      std::size_t count;
    };
    explicit Array(Room room) : count_(room.count) {
      if (count_ != 0) require(cudaMalloc(&data_, bytes()), "cudaMalloc");
    }
    [[nodiscard]] std::size_t bytes() const { return count_ * sizeof(T); }

    T* data_ = nullptr;
    std::size_t count_;
  };

  template <class Body>
  void run(const Body& body) {
    require(launch(body), "kernel launch");
    require(cudaDeviceSynchronize(), "kernel");
  }
};

}  // namespace

std::unique_ptr<Engine> make_cuda_engine() { return std::make_unique<EngineOn<CudaDevice>>(); }

}  // namespace port
