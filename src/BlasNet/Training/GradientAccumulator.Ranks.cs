using System.Diagnostics;
using System.IO.Hashing;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BlasNet.Execution;
using BlasNet.Kernels;
using BlasNet.Memory;
using BlasNet.Ranks;

namespace BlasNet.Training;

/// <content>A step on several ranks.</content>
internal sealed unsafe partial class GradientAccumulator<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private RankGradient<T>? _rankGradient;
    private PackingUses[] _usesBefore = [];
    private RankStep[] _rankSteps = [];
    private byte[] _message = [], _messages = [], _extents = [];
    private int[] _messageLengths = [];

    // A rank's step, the uses of each parameter's packed form in it, and how much of each gradient is touched.
    private int MessageLength => Unsafe.SizeOf<RankStep>() + UsesLength + _targets.Length;

    private int UsesLength => _targets.Length * Unsafe.SizeOf<PackingUses>();

    public override void BeginRanks()
    {
        if (_usesBefore.Length == 0)
            _usesBefore = new PackingUses[_targets.Length];

        for (int i = 0; i < _targets.Length; i++)
            _usesBefore[i] = _parameters.PackedOf(i).Uses;
    }

    public override ReadOnlySpan<RankStep> GatherRanks(Communicator ranks, RankStep mine)
    {
        (long start, long before) = (Stopwatch.GetTimestamp(), _first.Times.Total);
        if (mine.Sums.Examples == 0)
            Gradient.ClearAll(_targets);   // of a step before

        if (_rankSteps.Length != ranks.Size)
        {
            (_rankSteps, _messageLengths) = (new RankStep[ranks.Size], new int[ranks.Size]);
            (_message, _messages, _extents) = (new byte[MessageLength], new byte[MessageLength * ranks.Size], new byte[_targets.Length * ranks.Size]);
            Array.Fill(_messageLengths, MessageLength);
        }

        Write(mine);
        ranks.AllGather(_message, _messages, _messageLengths);
        Read();
        AddCommunication(start, before);
        return _rankSteps;
    }

    private void Write(RankStep mine)
    {
        MemoryMarshal.Write(_message, in mine);
        Span<byte> rest = _message.AsSpan(Unsafe.SizeOf<RankStep>());
        Span<PackingUses> uses = MemoryMarshal.Cast<byte, PackingUses>(rest[..UsesLength]);
        Span<byte> extents = rest[UsesLength..];
        for (int i = 0; i < _targets.Length; i++)
        {
            uses[i] = _parameters.PackedOf(i).Uses.Since(_usesBefore[i]);
            extents[i] = (byte)Gradient.TouchedParts[i].Extent;
        }
    }

    // Kernels are chosen by how often a weight is used in a step, by all workers together.
    private void Read()
    {
        for (int rank = 0; rank < _rankSteps.Length; rank++)
        {
            ReadOnlySpan<byte> message = _messages.AsSpan(rank * MessageLength, MessageLength);
            _rankSteps[rank] = MemoryMarshal.Read<RankStep>(message);
            ReadOnlySpan<PackingUses> uses = MemoryMarshal.Cast<byte, PackingUses>(message.Slice(Unsafe.SizeOf<RankStep>(), UsesLength));
            for (int i = 0; i < _targets.Length; i++)
                _usesBefore[i] = _usesBefore[i].Plus(uses[i]);

            message[^_targets.Length..].CopyTo(_extents.AsSpan(rank * _targets.Length));
        }

        for (int i = 0; i < _targets.Length; i++)
            _parameters.PackedOf(i).Uses = _usesBefore[i];
    }

    public override void MergeRanks(Communicator ranks)
    {
        (long start, long before) = (Stopwatch.GetTimestamp(), _first.Times.Total);
        MicrobatchSums sums = _rankSteps[0].Sums;
        foreach (RankStep step in _rankSteps.AsSpan(1))
            sums += step.Sums;

        _first.Replace(sums);
        _rankGradient ??= new RankGradient<T>(Gradient, _targets);
        _rankGradient.Begin(ranks.Size);
        _rankGradient.ShareTouched(ranks, _extents);
        _rankGradient.Merge(ranks);
        AddCommunication(start, before);
    }

    // Without what was prepared meanwhile.
    private void AddCommunication(long start, long before) =>
        _first.Times.Communicate += Stopwatch.GetTimestamp() - start - (_first.Times.Total - before);

    public override RankTraffic Traffic
    {
        get
        {
            int words = 0;
            for (int i = 0; i < _targets.Length; i++)
            {
                TouchedColumns touched = Gradient.TouchedParts[i];
                words += touched.Extent == TouchedExtent.Some ? touched.WordCount : 0;
            }

            ReadOnlySpan<Segment> ranges = Gradient.Touched();
            return new RankTraffic(MessageLength, sizeof(ulong) * words, (long)sizeof(T) * Segment.LengthOf(ranges), ranges.Length);
        }
    }

    public override void Broadcast(Communicator ranks)
    {
        ranks.Broadcast(_parameters.Span);
        _parameters.Changed();
        int buffers = ranks.AllGather(StateBuffers)[0];
        if (buffers == 0)
        {
            _state?.Dispose();
            _state = null;
            return;
        }

        if (_state?.Length != (long)buffers * _parameters.Length)
        {
            _state?.Dispose();
            _state = new NativeBuffer<T>((long)buffers * _parameters.Length);
        }

        for (int buffer = 0; buffer < buffers; buffer++)
            ranks.Broadcast(_state.Span.Slice(buffer * _parameters.Length, _parameters.Length));
    }

    public override string ParametersDigest
    {
        get
        {
            const int ChunkLength = 1 << 20;   // bytes of all of them may be more than a span has
            var hash = new XxHash64();
            for (int start = 0; start < _parameters.Length; start += ChunkLength)
                hash.Append(MemoryMarshal.AsBytes(_parameters.Span.Slice(start, Math.Min(ChunkLength, _parameters.Length - start))));

            return Convert.ToHexStringLower(hash.GetCurrentHash());
        }
    }

    public override void ShareRates(Communicator ranks) => Gemm.ShareRates<T>(ranks.Broadcast);
}
