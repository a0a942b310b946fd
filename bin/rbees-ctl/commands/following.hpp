#pragma once
/// @file
/// Following something long until its end, with progress on stderr: a download, a load. It goes on without us, so
/// Ctrl-C and --timeout only stop the looking, and say so.

#include "cli/session.hpp"
#include "rbees/base/ids.hpp"
#include "rbees/contracts/models.hpp"

namespace rbees::ctl {

/// How closely a file that is here is looked at.
enum class Scrutiny : bool {
    where_changed,  ///< all of it is read if it was changed since it was verified
    every_byte,
};

/// Starts the download of a model, unless its file is here and right, and returns when it is. Fails with exit code 5
/// when the download failed or was stopped, with the reason.
[[nodiscard]] Checked<contracts::ModelView> download_model(Session& session, const ModelId& model,
                                                           Scrutiny scrutiny = Scrutiny::where_changed);

/// Returns when a worker is ready for the model. Fails with exit code 5 when its last worker failed, with the reason.
[[nodiscard]] Checked<contracts::ModelView> await_loaded(Session& session, const ModelId& model);

}  // namespace rbees::ctl
