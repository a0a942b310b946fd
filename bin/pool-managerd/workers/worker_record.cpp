#include "workers/worker_record.hpp"

#include <system_error>

#include "limits.hpp"
#include "rbees/base/files.hpp"
#include "rbees/reflect/read.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::poold {

namespace fs = std::filesystem;

Result<void> WorkerRecords::write(const WorkerRecord& record) const {
    return write_file_atomically(file_of(record.worker_id), reflect::to_json_text(record), FileAccess::owner_only);
}

void WorkerRecords::remove(const WorkerId& id) const {
    std::error_code error;
    fs::remove(file_of(id), error);
}

std::vector<WorkerRecord> WorkerRecords::read_all() const {
    std::vector<WorkerRecord> records;
    std::vector<fs::path> broken;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder_, error)) {
        if (entry.path().extension() != ".json") continue;
        const auto text = read_file(entry.path(), limits::record_file);
        if (!text) continue;
        auto record = reflect::from_json_text<WorkerRecord>(*text);
        if (record && file_of(record->worker_id) == entry.path()) {
            records.push_back(std::move(*record));
        } else {
            broken.push_back(entry.path());
        }
    }
    for (const auto& file : broken) {
        fs::remove(file, error);
    }
    return records;
}

fs::path WorkerRecords::file_of(const WorkerId& id) const {
    return folder_ / (id.str() + ".json");
}

}  // namespace rbees::poold
