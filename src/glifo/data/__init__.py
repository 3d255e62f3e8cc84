"""The data room: official files, your own pictures and their splits become frozen values of plain arrays.

This room knows nothing of networks, training or evaluation, and importing it loads none of its modules. Use:

    from glifo.data.dataset import open_data
    from glifo.data.splits import split
"""
