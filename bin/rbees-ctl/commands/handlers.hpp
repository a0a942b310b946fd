#pragma once
/// @file
/// Every handler of the command table. Each takes what the parser checked, does one thing, and says how it ended.

#include "cli/command.hpp"

namespace rbees::ctl {

Outcome run_up(Session& session, const Arguments& arguments);
Outcome run_down(Session& session, const Arguments& arguments);
Outcome run_status(Session& session, const Arguments& arguments);
Outcome run_run(Session& session, const Arguments& arguments);
Outcome run_doctor(Session& session, const Arguments& arguments);

Outcome run_orchestrator_start(Session& session, const Arguments& arguments);
Outcome run_orchestrator_stop(Session& session, const Arguments& arguments);
Outcome run_orchestrator_restart(Session& session, const Arguments& arguments);
Outcome run_orchestrator_status(Session& session, const Arguments& arguments);
Outcome run_orchestrator_health(Session& session, const Arguments& arguments);
Outcome run_orchestrator_logs(Session& session, const Arguments& arguments);

Outcome run_jobs_submit(Session& session, const Arguments& arguments);
Outcome run_jobs_list(Session& session, const Arguments& arguments);
Outcome run_jobs_status(Session& session, const Arguments& arguments);
Outcome run_jobs_events(Session& session, const Arguments& arguments);
Outcome run_jobs_cancel(Session& session, const Arguments& arguments);
Outcome run_jobs_wait(Session& session, const Arguments& arguments);
Outcome run_jobs_explain(Session& session, const Arguments& arguments);

Outcome run_sessions_create(Session& session, const Arguments& arguments);
Outcome run_sessions_list(Session& session, const Arguments& arguments);
Outcome run_sessions_get(Session& session, const Arguments& arguments);
Outcome run_sessions_delete(Session& session, const Arguments& arguments);

Outcome run_models_list(Session& session, const Arguments& arguments);
Outcome run_models_pull(Session& session, const Arguments& arguments);
Outcome run_models_load(Session& session, const Arguments& arguments);
Outcome run_models_unload(Session& session, const Arguments& arguments);
Outcome run_models_rm(Session& session, const Arguments& arguments);

Outcome run_workers_list(Session& session, const Arguments& arguments);
Outcome run_workers_get(Session& session, const Arguments& arguments);
Outcome run_workers_stop(Session& session, const Arguments& arguments);
Outcome run_nodes_list(Session& session, const Arguments& arguments);
Outcome run_nodes_get(Session& session, const Arguments& arguments);

Outcome run_tokens_create(Session& session, const Arguments& arguments);
Outcome run_tokens_list(Session& session, const Arguments& arguments);
Outcome run_tokens_revoke(Session& session, const Arguments& arguments);

Outcome run_audit_verify(Session& session, const Arguments& arguments);
Outcome run_backup_create(Session& session, const Arguments& arguments);
Outcome run_backup_verify(Session& session, const Arguments& arguments);
Outcome run_backup_restore(Session& session, const Arguments& arguments);

Outcome run_config_view(Session& session, const Arguments& arguments);
Outcome run_completion(Session& session, const Arguments& arguments);
Outcome run_version(Session& session, const Arguments& arguments);
Outcome run_help(Session& session, const Arguments& arguments);

}  // namespace rbees::ctl
