using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Memory;
using BlasNet.Ranks;

namespace BlasNet.Training;

/// <summary>Adds the gradients of all ranks, in the order of ranks, so that each rank has the sum.</summary>
/// <remarks>
/// Each rank receives its part of the gradient from all others, adds it up, and gives it to them: a reduce-scatter by exchange and an all-gather. That is
/// 2·(N − 1)/N times the gradient for each rank, as with a ring, but every sum is made once and in a fixed order: that of the workers of one machine. Of
/// tables only the touched columns travel. Long gradients go slab by slab, so that little memory is needed beside them.
/// </remarks>
internal sealed class RankGradient<T>(GradientBuffer<T> gradient, IReadOnlyList<Parameter> parameters) : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly NativeBuffer<T> _packed = new(), _received = new(), _sums = new();
    private readonly List<List<Segment>> _parts = [];   // of the touched ranges: for each slab, the part of each rank
    private readonly List<Segment> _own = [], _common = [], _slab = [];
    private TouchedParameters[] _touched = [];          // by each rank
    private int[] _sent = [], _got = [];                // bytes

    /// <summary>Makes room for what each rank has touched.</summary>
    public void Begin(int ranks)
    {
        if (_touched.Length != ranks)
            (_touched, _sent, _got) = ([.. Enumerable.Range(0, ranks).Select(_ => new TouchedParameters(parameters))], new int[ranks], new int[ranks]);

        foreach (TouchedParameters touched in _touched)
            touched.Clear();
    }

    /// <summary>Takes over which parameters each rank has touched, and asks for the columns where that is not all or none.</summary>
    /// <param name="ranks">All of them.</param>
    /// <param name="extents">For each rank, a <see cref="TouchedExtent"/> for each parameter.</param>
    public void ShareTouched(Communicator ranks, ReadOnlySpan<byte> extents)
    {
        bool any = false;
        for (int rank = 0; rank < ranks.Size; rank++)
        {
            _got[rank] = 0;
            for (int i = 0; i < parameters.Count; i++)
            {
                var extent = (TouchedExtent)extents[rank * parameters.Count + i];
                if (extent == TouchedExtent.All)
                    _touched[rank][i].AddAll();
                else if (extent == TouchedExtent.Some)
                    _got[rank] += sizeof(ulong) * _touched[rank][i].WordCount;

                any |= extent == TouchedExtent.Some;
            }
        }

        if (any)
            ShareColumns(ranks, extents);
    }

    private void ShareColumns(Communicator ranks, ReadOnlySpan<byte> extents)
    {
        List<ulong> mine = [];
        for (int i = 0; i < parameters.Count; i++)
        {
            if (extents[ranks.Rank * parameters.Count + i] == (byte)TouchedExtent.Some)
                mine.AddRange(gradient.TouchedParts[i].Words);
        }

        var all = new ulong[_got.Sum() / sizeof(ulong)];
        ranks.AllGather(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(mine)), MemoryMarshal.AsBytes(all.AsSpan()), _got);
        ReadOnlySpan<ulong> rest = all;
        for (int rank = 0; rank < ranks.Size; rank++)
        {
            for (int i = 0; i < parameters.Count; i++)
            {
                if (extents[rank * parameters.Count + i] != (byte)TouchedExtent.Some)
                    continue;

                int words = _touched[rank][i].WordCount;
                _touched[rank][i].AddWords(rest[..words]);
                rest = rest[words..];
            }
        }
    }

    /// <summary>Adds them up.</summary>
    public void Merge(Communicator ranks)
    {
        foreach (TouchedParameters touched in _touched)
        {
            touched.List();
            gradient.TouchedParts.Add(touched);
        }

        ReadOnlySpan<Segment> all = gradient.Touched();
        int slabs = Math.Max(1, (Segment.LengthOf(all) + RankTraffic.SlabElements - 1) / RankTraffic.SlabElements);
        while (_parts.Count < slabs * ranks.Size)
            _parts.Add([]);

        Span<List<Segment>> parts = CollectionsMarshal.AsSpan(_parts)[..(slabs * ranks.Size)];
        Segment.Split(all, parts);
        for (int slab = 0; slab < slabs; slab++)
        {
            ReadOnlySpan<List<Segment>> ofSlab = parts.Slice(slab * ranks.Size, ranks.Size);
            Exchange(ranks, ofSlab);
            AddReceived(ranks, ofSlab[ranks.Rank]);
            Gather(ranks, ofSlab);
        }
    }

    // Each rank receives what the others have within its part.
    private unsafe void Exchange(Communicator ranks, ReadOnlySpan<List<Segment>> parts)
    {
        _own.Clear();
        for (int rank = 0; rank < ranks.Size; rank++)
        {
            _sent[rank] = sizeof(T) * CommonLength(_touched[ranks.Rank], parts[rank]);
            foreach (Segment segment in _common)
                Segment.Append(_own, segment);

            _got[rank] = sizeof(T) * CommonLength(_touched[rank], parts[ranks.Rank]);
        }

        ranks.AllToAll(MemoryMarshal.AsBytes(Pack(_own)), _sent, MemoryMarshal.AsBytes(Room(_received, _got.Sum() / sizeof(T))), _got);
    }

    private int CommonLength(TouchedParameters touched, List<Segment> part)
    {
        _common.Clear();
        Segment.AppendCommon(_common, touched.Last, CollectionsMarshal.AsSpan(part));
        return Segment.LengthOf(CollectionsMarshal.AsSpan(_common));
    }

    // Where the first rank has touched nothing the sum begins with zero, as it does with workers.
    private void AddReceived(Communicator ranks, List<Segment> part)
    {
        foreach (Segment segment in part)
            gradient.Span.Slice(segment.Start, segment.Length).Clear();

        ReadOnlySpan<T> rest = _received.Span;
        for (int rank = 0; rank < ranks.Size; rank++)
        {
            CommonLength(_touched[rank], part);
            foreach (Segment segment in _common)
            {
                Span<T> sum = gradient.Span.Slice(segment.Start, segment.Length);
                if (rank == 0)
                    rest[..segment.Length].CopyTo(sum);
                else
                    TensorPrimitives.Add(sum, rest[..segment.Length], sum);

                rest = rest[segment.Length..];
            }
        }
    }

    // Each rank gives its part of the sum to all.
    private unsafe void Gather(Communicator ranks, ReadOnlySpan<List<Segment>> parts)
    {
        _slab.Clear();
        for (int rank = 0; rank < ranks.Size; rank++)
        {
            _got[rank] = sizeof(T) * Segment.LengthOf(CollectionsMarshal.AsSpan(parts[rank]));
            foreach (Segment segment in parts[rank])
                Segment.Append(_slab, segment);
        }

        Span<T> mine = Room(_sums, _got[ranks.Rank] / sizeof(T));
        Copy(parts[ranks.Rank], mine);
        bool isWhole = _slab.Count == 1;
        Span<T> all = isWhole ? gradient.Span.Slice(_slab[0].Start, _slab[0].Length) : Room(_received, _got.Sum() / sizeof(T));
        ranks.AllGather(MemoryMarshal.AsBytes(mine), MemoryMarshal.AsBytes(all), _got);
        if (isWhole)
            return;

        foreach (Segment segment in _slab)
        {
            all[..segment.Length].CopyTo(gradient.Span[segment.Start..]);
            all = all[segment.Length..];
        }
    }

    // What lies in one piece is sent from where it is.
    private ReadOnlySpan<T> Pack(List<Segment> segments)
    {
        if (segments.Count == 1)
            return gradient.Span.Slice(segments[0].Start, segments[0].Length);

        Span<T> packed = Room(_packed, Segment.LengthOf(CollectionsMarshal.AsSpan(segments)));
        Copy(segments, packed);
        return packed;
    }

    private void Copy(List<Segment> segments, Span<T> target)
    {
        foreach (Segment segment in segments)
        {
            gradient.Span.Slice(segment.Start, segment.Length).CopyTo(target);
            target = target[segment.Length..];
        }
    }

    private static unsafe Span<T> Room(NativeBuffer<T> buffer, int length)
    {
        buffer.EnsureCapacity(length);
        return buffer.Span[..length];
    }

    public void Dispose()
    {
        _packed.Dispose();
        _received.Dispose();
        _sums.Dispose();
    }
}
