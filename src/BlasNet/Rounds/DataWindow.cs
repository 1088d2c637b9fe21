using BlasNet.Graphs;

namespace BlasNet.Rounds;

/// <summary>The columns that a round reads of the examples' data, each pool from the first of them on: so rounds of the same structure agree in the places of
/// their data too, and the plan of one fits another.</summary>
internal sealed class DataWindow(Precision precision)
{
    private readonly Dictionary<int, (int First, long Place)> _pools = [];   // of the examples' data; a place is −1 until the pool is borrowed

    /// <summary>The columns, borrowed; besides, what passes add.</summary>
    public DataPools Data { get; } = new(precision);

    /// <summary>Moves the window: reads other columns of the examples' data, in the place of those of a pool that were borrowed first.</summary>
    /// <param name="number">Which pool, in the order in which they were borrowed.</param>
    /// <param name="examples">The examples' data.</param>
    /// <param name="place">There, the first column.</param>
    public void Move(int number, DataPools examples, long place) => Data.BorrowInstead(number, examples, place);

    public void Clear()
    {
        _pools.Clear();
        Data.Clear();
    }

    /// <summary>Says that a value is read. All are to be said before the first is asked for.</summary>
    /// <param name="place">In the examples' data.</param>
    public void Include(long place)
    {
        (int pool, int column) = ((int)(place >> 32), (int)place);
        if (!_pools.TryGetValue(pool, out var known) || column < known.First)
            _pools[pool] = (column, -1);
    }

    /// <summary>Where a value is in the window.</summary>
    /// <param name="examples">The examples' data.</param>
    /// <param name="place">There.</param>
    public long PlaceOf(DataPools examples, long place)
    {
        (int pool, int column) = ((int)(place >> 32), (int)place);
        (int first, long borrowed) = _pools[pool];
        if (borrowed < 0)
            _pools[pool] = (first, borrowed = Data.Borrow(examples, ((long)pool << 32) | (uint)first));

        return borrowed + (column - first);
    }
}
