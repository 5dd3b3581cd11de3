"""From a spec to numbers: resolve, gather what edits need, run, measure."""
