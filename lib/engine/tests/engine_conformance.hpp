#pragma once
/// @file
/// What every engine must do, as tests. A test program includes this once and instantiates `ChatConformance`,
/// `ContinuationConformance`, `EventConformance`, `PauseConformance` and `EmbeddingConformance` with functions that
/// give an engine, and `ToolConformance` with one whose chat template knows tools; one engine may serve all tests.

#include "conformance_answers.hpp"
#include "conformance_continuation.hpp"
#include "conformance_embeddings.hpp"
#include "conformance_events.hpp"
#include "conformance_fixture.hpp"
#include "conformance_ids.hpp"
#include "conformance_pauses.hpp"
#include "conformance_refusals.hpp"
#include "conformance_texts.hpp"
#include "conformance_tools.hpp"
