#pragma once
/// @file
/// Following something long until its end, with progress on stderr: a download, a load. It goes on without us, so
/// Ctrl-C and --timeout only stop the looking, and say so.

#include "cli/session.hpp"
#include "rbees/base/ids.hpp"
#include "rbees/contracts/models.hpp"

namespace rbees::ctl {

/// Starts the download of a model, unless its file is here, and returns when the file is here. Fails with exit code 5
/// when the download failed, with the reason.
[[nodiscard]] Checked<contracts::ModelView> download_model(Session& session, const ModelId& model);

/// Returns when a worker is ready for the model. Fails with exit code 5 when its last worker failed, with the reason.
[[nodiscard]] Checked<contracts::ModelView> await_loaded(Session& session, const ModelId& model);

}  // namespace rbees::ctl
