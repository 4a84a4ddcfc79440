"""The end of an asset's life: loss, inquiry, assessment, the board's decision, disposal, and its memo value."""
