/// @file
/// The part of NVIDIA's libnvidia-ml.so.1 that the pool manager calls, with two GPUs that nobody has. With
/// FAKE_NVML=broken the driver does not answer.

#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

constexpr int success = 0;
constexpr int not_supported = 3;
constexpr int driver_not_loaded = 9;
int first = 0;
int second = 1;

}  // namespace

extern "C" {

struct FakeMemory {
    unsigned long long total, free, used;
};
struct FakeUtilization {
    unsigned gpu, memory;
};

int nvmlInit_v2() {
    const char* mood = std::getenv("FAKE_NVML");
    return mood != nullptr && std::string_view(mood) == "broken" ? driver_not_loaded : success;
}

int nvmlShutdown() {
    return success;
}

int nvmlDeviceGetCount_v2(unsigned* count) {
    *count = 2;
    return success;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
    *device = index == 0 ? &first : &second;
    return success;
}

int nvmlDeviceGetName(void* device, char* name, unsigned length) {
    std::strncpy(name, device == &first ? "Test GPU 80GB" : "Old Test GPU", length);
    return success;
}

int nvmlDeviceGetMemoryInfo(void* device, FakeMemory* memory) {
    *memory = device == &first ? FakeMemory{80'000, 79'000, 1'000} : FakeMemory{8'000, 0, 8'000};
    return success;
}

int nvmlDeviceGetUtilizationRates(void* device, FakeUtilization* used) {
    if (device == &second) return not_supported;  // as old ones do
    *used = {25, 3};
    return success;
}

int nvmlDeviceGetCudaComputeCapability(void* device, int* major, int* minor) {
    *major = device == &first ? 9 : 6;
    *minor = device == &first ? 0 : 1;
    return success;
}
}
