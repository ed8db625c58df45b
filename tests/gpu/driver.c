/* A driver with two GPUs and one process on them: the functions of NVML that are asked, with the
 * types of its documentation. FAKE_GPU_PID names the process; FAKE_GPU_HANGS hangs. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned int u32;
typedef unsigned long long u64;
enum { SUCCESS = 0, INSUFFICIENT_SIZE = 7 };
struct memory { u32 version; u64 total, reserved, free, used; };
struct process { u32 pid; u64 used; u32 gpu_instance, compute_instance; };
struct utilization { u32 gpu, memory; };
struct sample { u32 pid; u64 time; u32 sm, memory, encoder, decoder; };

static u32 pid(void) { const char *text = getenv("FAKE_GPU_PID"); return text ? atoi(text) : 0; }

int nvmlInit_v2(void) { if (getenv("FAKE_GPU_HANGS")) for (;;) pause(); return SUCCESS; }
int nvmlShutdown(void) { return SUCCESS; }
int nvmlDeviceGetCount_v2(u32 *count) { *count = 2; return SUCCESS; }
int nvmlDeviceGetHandleByIndex_v2(u32 index, void **device) { *device = (void *)(u64)(index + 1); return SUCCESS; }
int nvmlDeviceGetName(void *device, char *name, u32 room) { (void)device; strncpy(name, "Test \033[31mGPU", room); return SUCCESS; }
int nvmlDeviceGetMemoryInfo_v2(void *device, struct memory *memory) {
    (void)device;
    memory->total = 80ULL << 30;
    memory->used = 20ULL << 30;
    return SUCCESS;
}
int nvmlDeviceGetUtilizationRates(void *device, struct utilization *rates) { (void)device; rates->gpu = 55; return SUCCESS; }
int nvmlDeviceGetComputeRunningProcesses_v3(void *device, u32 *count, struct process *list) {
    (void)device;
    if (*count < 1) { *count = 1; return INSUFFICIENT_SIZE; }
    *count = 1;
    list[0] = (struct process){ .pid = pid(), .used = 3ULL << 30 };
    return SUCCESS;
}
int nvmlDeviceGetGraphicsRunningProcesses_v3(void *device, u32 *count, struct process *list) {
    return nvmlDeviceGetComputeRunningProcesses_v3(device, count, list);
}
int nvmlDeviceGetProcessUtilization(void *device, struct sample *list, u32 *count, u64 since) {
    (void)device;
    (void)since;
    if (!list) { *count = 1; return INSUFFICIENT_SIZE; }
    *count = 1;
    list[0] = (struct sample){ .pid = pid(), .time = since + 1, .sm = 40 };
    return SUCCESS;
}
