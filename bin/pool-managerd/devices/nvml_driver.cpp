#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "devices/gpu_driver.hpp"

namespace rbees::poold {
namespace {

// What we call of NVML (docs.nvidia.com/deploy/nvml-api); names and layouts are stable since driver 319.
using Handle = void*;
struct Memory {
    unsigned long long total = 0;
    unsigned long long free = 0;
    unsigned long long used = 0;
};
struct Utilization {
    unsigned int gpu = 0;
    unsigned int memory = 0;
};
constexpr int success = 0;
constexpr unsigned devices_max = 64;

/// The library and its functions; empty ones where it is absent.
class Nvml final : public GpuDriver {
  public:
    explicit Nvml(const Logger& log) : library_(::dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL)) {
        if (library_ == nullptr) return;
        load();
        if (init_ != nullptr && init_() == success) {
            is_ready_ = is_complete();
        }
        if (!is_ready_) log.warning("NVIDIA's driver is there but does not answer; no GPU is used");
    }

    ~Nvml() override {
        if (is_ready_ && shutdown_ != nullptr) shutdown_();
        if (library_ != nullptr) ::dlclose(library_);
    }

    [[nodiscard]] std::vector<contracts::Device> devices() override {
        std::vector<contracts::Device> found;
        unsigned count = 0;
        if (!is_ready_ || count_(&count) != success) return found;
        for (unsigned index = 0; index < std::min(count, devices_max); ++index) {
            Handle handle = nullptr;
            if (handle_(index, &handle) == success) found.push_back(describe_device(index, handle));
        }
        return found;
    }

  private:
    template <class Function>
    void take(Function*& function, const char* name) {
        function = reinterpret_cast<Function*>(::dlsym(library_, name));
    }

    void load() {
        take(init_, "nvmlInit_v2");
        take(shutdown_, "nvmlShutdown");
        take(count_, "nvmlDeviceGetCount_v2");
        take(handle_, "nvmlDeviceGetHandleByIndex_v2");
        take(name_, "nvmlDeviceGetName");
        take(memory_, "nvmlDeviceGetMemoryInfo");
        take(utilization_, "nvmlDeviceGetUtilizationRates");
        take(capability_, "nvmlDeviceGetCudaComputeCapability");
    }

    [[nodiscard]] bool is_complete() const {
        return count_ != nullptr && handle_ != nullptr && name_ != nullptr && memory_ != nullptr;
    }

    contracts::Device describe_device(unsigned index, Handle handle) {
        contracts::Device device{.id = fmt::format("cuda:{}", index), .kind = contracts::DeviceKind::cuda};
        std::array<char, 96> name{};
        if (name_(handle, name.data(), name.size()) == success) device.name = name.data();
        Memory memory;
        if (memory_(handle, &memory) == success) {
            device.memory_total = Bytes(memory.total);
            device.memory_free = Bytes(memory.free);
        }
        Utilization used;
        if (utilization_ != nullptr && utilization_(handle, &used) == success) {
            device.load = std::min(used.gpu, 100U) / 100.0;
        }
        int major = 0;
        int minor = 0;
        if (capability_ != nullptr && capability_(handle, &major, &minor) == success) {
            device.features.push_back(fmt::format("compute-{}.{}", major, minor));
        }
        return device;
    }

    void* library_;
    bool is_ready_ = false;
    int (*init_)() = nullptr;
    int (*shutdown_)() = nullptr;
    int (*count_)(unsigned*) = nullptr;
    int (*handle_)(unsigned, Handle*) = nullptr;
    int (*name_)(Handle, char*, unsigned) = nullptr;
    int (*memory_)(Handle, Memory*) = nullptr;
    int (*utilization_)(Handle, Utilization*) = nullptr;
    int (*capability_)(Handle, int*, int*) = nullptr;
};

}  // namespace

std::unique_ptr<GpuDriver> make_nvml_driver(const Logger& log) {
    return std::make_unique<Nvml>(log);
}

}  // namespace rbees::poold
