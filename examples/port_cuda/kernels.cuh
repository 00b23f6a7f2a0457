// SPDX-License-Identifier: MIT
#pragma once

#include "port_cuda/device/denoise.hpp"
#include "port_cuda/device/gram.hpp"
#include "port_cuda/device/table.hpp"

// The kernels. Copy this file and the folder device/: they need nothing else. What a thread does is in the
// bodies there (FillTable, Rotate, Denoise, MakeNoise, AddColumns, Divide, PrepareRows, AddProducts,
// CloseSums); how threads are laid out is here.

namespace port {

/// body(0) … body(threads − 1), each by one thread of a grid of any size.
template <class Body>
__global__ void for_each_thread(Body body, size_t threads) {
  const size_t step = static_cast<size_t>(gridDim.x) * blockDim.x;
  for (size_t i = static_cast<size_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < threads; i += step) body(i);
}

/// Puts a body on a stream. The pointers in it are device memory.
template <class Body>
cudaError_t launch(const Body& body, cudaStream_t stream = nullptr) {
  constexpr size_t block = 256;
  constexpr size_t most_blocks = 65535;
  const size_t threads = body.threads();
  if (threads == 0) return cudaSuccess;
  const size_t wanted = (threads + block - 1) / block;
  const auto blocks = static_cast<unsigned>(wanted < most_blocks ? wanted : most_blocks);
  for_each_thread<<<blocks, static_cast<unsigned>(block), 0, stream>>>(body, threads);
  return cudaGetLastError();
}

}  // namespace port
