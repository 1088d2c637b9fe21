using System.Numerics;

namespace BlasNet.Planning;

/// <summary>Allocates ranges of an arena by their offsets, without memory, and records the highest end.</summary>
/// <remarks>
/// Two-level segregated fit: free ranges are binned by size, eight bins to a power of two; a bitmap finds the next non-empty bin, so that
/// allocating and freeing take constant time. Neighbouring free ranges are joined. When nothing fits, the arena grows at its end.
/// Source: Masmano, Ripoll, Crespo, Real, "TLSF: a New Dynamic Memory Allocator for Real-Time Systems", ECRTS 2004.
/// </remarks>
internal sealed class OffsetAllocator
{
    private const int Granule = 16;   // elements; 64 bytes of float32
    private const int Bins = 32 * 8;

    private struct Block
    {
        public long Offset;
        public long Size;
        public int Previous, Next;           // neighbours in the arena, −1 at its ends
        public int PreviousFree, NextFree;   // in its bin
        public bool IsFree;
    }

    private Block[] _blocks = new Block[64];
    private readonly int[] _bins = new int[Bins];
    private readonly ulong[] _occupied = new ulong[Bins / 64];
    private readonly Stack<int> _unused = new();
    private int _count;
    private int _last;

    /// <summary>Elements that an arena needs for all ranges allocated so far.</summary>
    public long Peak { get; private set; }

    public void Clear()
    {
        Array.Fill(_bins, -1);
        Array.Clear(_occupied);
        _unused.Clear();
        _count = 0;
        _last = -1;
        Peak = 0;
    }

    /// <returns>A handle for <see cref="Free"/> and <see cref="OffsetOf"/>.</returns>
    public int Allocate(long length)
    {
        long size = Math.Max(1, (length + Granule - 1) / Granule) * Granule;
        int block = FindFree(size);
        if (block >= 0)
        {
            RemoveFree(block);
            Split(block, size);
        }
        else if (_last >= 0 && _blocks[_last].IsFree)
        {
            block = _last;
            RemoveFree(block);
            _blocks[block].Size = size;
        }
        else
        {
            block = NewBlock(_last < 0 ? 0 : _blocks[_last].Offset + _blocks[_last].Size, size, _last, -1);
            if (_last >= 0)
                _blocks[_last].Next = block;

            _last = block;
        }

        Peak = Math.Max(Peak, _blocks[block].Offset + _blocks[block].Size);
        return block;
    }

    public long OffsetOf(int block) => _blocks[block].Offset;

    public void Free(int block)
    {
        int next = _blocks[block].Next, previous = _blocks[block].Previous;
        if (next >= 0 && _blocks[next].IsFree)
        {
            RemoveFree(next);
            Join(block, next);
        }

        if (previous >= 0 && _blocks[previous].IsFree)
        {
            RemoveFree(previous);
            Join(previous, block);
            block = previous;
        }

        AddFree(block);
    }

    // The bin of ranges of this size. A bin spans an eighth of a power of two and begins with its smallest size.
    private static int BinOf(long size)
    {
        ulong granules = (ulong)(size / Granule);
        if (granules < 8)
            return (int)granules;

        int log = BitOperations.Log2(granules);
        return Math.Min(Bins - 1, (log - 2) * 8 + (int)(granules >> (log - 3)) - 8);
    }

    // The first range of the size's own bin, if it fits; else the first of a larger bin, which always fits.
    private int FindFree(long size)
    {
        int bin = BinOf(size);
        int candidate = _bins[bin];
        if (candidate >= 0 && _blocks[candidate].Size >= size)
            return candidate;

        for (int word = ++bin >> 6, bit = bin & 63; word < _occupied.Length; word++, bit = 0)
        {
            ulong bits = _occupied[word] >> bit << bit;
            if (bits != 0)
                return _bins[word * 64 + BitOperations.TrailingZeroCount(bits)];
        }

        return -1;
    }

    private void Split(int block, long size)
    {
        long rest = _blocks[block].Size - size;
        if (rest == 0)
            return;

        int next = _blocks[block].Next;
        int tail = NewBlock(_blocks[block].Offset + size, rest, block, next);
        if (next >= 0)
            _blocks[next].Previous = tail;
        else
            _last = tail;

        _blocks[block].Next = tail;
        _blocks[block].Size = size;
        AddFree(tail);
    }

    private void Join(int block, int next)
    {
        _blocks[block].Size += _blocks[next].Size;
        int after = _blocks[next].Next;
        _blocks[block].Next = after;
        if (after >= 0)
            _blocks[after].Previous = block;
        else
            _last = block;

        _unused.Push(next);
    }

    private int NewBlock(long offset, long size, int previous, int next)
    {
        if (!_unused.TryPop(out int block))
        {
            block = _count++;
            if (block == _blocks.Length)
                Array.Resize(ref _blocks, 2 * block);
        }

        _blocks[block] = new Block { Offset = offset, Size = size, Previous = previous, Next = next };
        return block;
    }

    private void AddFree(int block)
    {
        int bin = BinOf(_blocks[block].Size);
        ref Block free = ref _blocks[block];
        (free.IsFree, free.PreviousFree, free.NextFree) = (true, -1, _bins[bin]);
        if (_bins[bin] >= 0)
            _blocks[_bins[bin]].PreviousFree = block;

        _bins[bin] = block;
        _occupied[bin >> 6] |= 1UL << (bin & 63);
    }

    private void RemoveFree(int block)
    {
        ref Block free = ref _blocks[block];
        if (free.NextFree >= 0)
            _blocks[free.NextFree].PreviousFree = free.PreviousFree;

        if (free.PreviousFree >= 0)
        {
            _blocks[free.PreviousFree].NextFree = free.NextFree;
        }
        else
        {
            int bin = BinOf(free.Size);
            _bins[bin] = free.NextFree;
            if (free.NextFree < 0)
                _occupied[bin >> 6] &= ~(1UL << (bin & 63));
        }

        free.IsFree = false;
    }
}
