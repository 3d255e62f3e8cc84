"""Training: one loop on one screen, and around it schedules, callbacks, a rate finder and the engine that runs it.

This room knows batches (`glifo.batch.Batch`), networks (any `torch.nn.Module`) and nothing of data sets or files of ours.
"""
