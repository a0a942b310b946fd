#include "gpu.hpp"

#include <ggml-backend.h>

#include <cstddef>
#include <ranges>
#include <vector>

#include "rbees/base/ascii.hpp"
#include "rbees/engine_llama/llama.hpp"

namespace rbees::engine {
namespace {

bool is_gpu(ggml_backend_dev_t device) {
    const auto type = ggml_backend_dev_type(device);
    return type == GGML_BACKEND_DEVICE_TYPE_GPU || type == GGML_BACKEND_DEVICE_TYPE_IGPU;
}

std::vector<ggml_backend_dev_t> gpus() {
    std::vector<ggml_backend_dev_t> found;
    for (std::size_t index = 0; index < ggml_backend_dev_count(); ++index) {
        auto* device = ggml_backend_dev_get(index);
        if (is_gpu(device)) found.push_back(device);
    }
    return found;
}

/// "CUDA" -> "cuda".
std::string kind_name(ggml_backend_reg_t backend) {
    return to_lower(ggml_backend_reg_name(backend));
}

}  // namespace

std::optional<std::string> gpu_kind() {
    const auto found = gpus();
    if (found.empty()) return std::nullopt;
    return kind_name(ggml_backend_dev_backend_reg(found.front()));
}

Bytes free_gpu_memory() {
    Bytes sum;
    for (auto* device : gpus()) {
        std::size_t free = 0;
        std::size_t total = 0;
        ggml_backend_dev_memory(device, &free, &total);
        sum += Bytes(free);
    }
    return sum;
}

LlamaDevices llama_devices() {
    LlamaDevices devices;
    for (std::size_t index = 0; index < ggml_backend_reg_count(); ++index) {
        auto* backend = ggml_backend_reg_get(index);
        devices.built_for.push_back(kind_name(backend));
        if (ggml_backend_reg_dev_count(backend) > 0) devices.usable.push_back(kind_name(backend));
    }
    return devices;
}

}  // namespace rbees::engine
