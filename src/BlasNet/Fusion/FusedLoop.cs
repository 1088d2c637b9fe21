using System.Numerics;
using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Fusion;

/// <summary>A fused program in machine code of its own, in one precision, once it has been interpreted so often that writing the code pays.</summary>
/// <param name="program">What it does.</param>
/// <param name="parts">How it can be done as a loop.</param>
internal sealed unsafe class FusedLoop<T>(FusedProgram program, FusedParts parts) where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Nanoseconds of interpretation after which the code is written. That takes the just-in-time compiler 1 ms (a gradient) to 13 ms (five
    /// sigmoids and tangents), on another thread.</summary>
    private const long PayingInterpretation = 5_000_000;

    /// <summary>Of one step.</summary>
    private const double NanosecondsPerElement = 0.2;

    private const int NanosecondsPerStep = 50;

    private static readonly List<WeakReference<FusedLoop<T>>> Written = [];

    private readonly FusedProgram _program = program;
    private FusedCode? _code;
    private T[] _zeros = [];
    private long _interpretation;

    /// <summary>Computes a stack; false where there is no code for it, and it is to be interpreted.</summary>
    /// <param name="stack">The operands of a node.</param>
    /// <param name="count">Values of the stack.</param>
    public bool TryRun(in Operands<T> stack, int count)
    {
        if (Volatile.Read(ref _code) is { } code)
            return TryRun(code, stack, count);

        double work = (_program.Steps.Length * NanosecondsPerStep) + ((double)count * parts.Columns * parts.Length * parts.Count * NanosecondsPerElement);
        long now = Interlocked.Add(ref _interpretation, (long)work);
        if (RuntimeFeature.IsDynamicCodeSupported && now >= PayingInterpretation && now - (long)work < PayingInterpretation)
            ThreadPool.UnsafeQueueUserWorkItem(static loop => loop.Write(), this, preferLocal: false);

        return false;
    }

    /// <summary>Computes a stack by this code.</summary>
    public bool TryRun(FusedCode code, in Operands<T> stack, int count)
    {
        ReadOnlySpan<FusedBuffer> buffers = _program.Buffers;
        int inputs = parts.Inputs;
        void** rows = stackalloc void*[inputs + buffers.Length + 1];
        nint* strides = stackalloc nint[inputs + buffers.Length];
        nint** picks = stackalloc nint*[inputs];
        bool isOneRow = parts.IsUniform;
        for (int i = 0; i < inputs; i++)
        {
            Operand<T> input = stack[i];
            bool isShared = input.Count < count;
            if (isShared && parts.Columns > 1)
                return false;

            rows[i] = input.Data;
            strides[i] = isShared || input.RowIndices != null ? 0 : input.Stride;
            picks[i] = input.RowIndices;
            isOneRow &= strides[i] == parts.Length;
            if (picks[i] != null && _zeros.Length < input.Shape.Rows)
                _zeros = GC.AllocateArray<T>(input.Shape.Rows, pinned: true);
        }

        T[] zeros = _zeros;
        rows[inputs + buffers.Length] = zeros.Length == 0 ? null : Unsafe.AsPointer(ref zeros[0]);

        for (int i = 0; i < buffers.Length; i++)
        {
            if (buffers[i].Result < 0)
                continue;

            T* result = _program.ResultOf(stack, i);
            bool isNeeded = result != null;
            rows[inputs + i] = isNeeded ? result : _program.ScratchOf<T>(i);
            strides[inputs + i] = isNeeded ? buffers[i].Shape.Rows : 0;
            isOneRow &= strides[inputs + i] == parts.Length;
        }

        var work = new Sweep
        {
            Code = Unsafe.AsPointer(ref code),
            Rows = rows,
            Strides = strides,
            Picks = picks,
            Inputs = inputs,
            Places = inputs + buffers.Length,
            Length = parts.Length,
            IsOneRow = isOneRow,
        };
        ComputeThreads.Divide(work, (nint)count * parts.Columns, parts.Length * parts.Count * NanosecondsPerElement);
        GC.KeepAlive(zeros);   // another thread may need more of them, and replace these
        return true;
    }

    // Equal programs, such as the two directions of a bidirectional layer, share their code.
    private void Write()
    {
        lock (Written)
        {
            Written.RemoveAll(known => !known.TryGetTarget(out _));
            foreach (WeakReference<FusedLoop<T>> known in Written)
            {
                if (known.TryGetTarget(out FusedLoop<T>? loop) && loop._program.Is(_program))
                {
                    Volatile.Write(ref _code, loop._code);
                    return;
                }
            }

            Volatile.Write(ref _code, WriteWidest());
            Written.Add(new WeakReference<FusedLoop<T>>(this));
        }
    }

    private FusedCode? WriteWidest() =>
        !RuntimeFeature.IsDynamicCodeSupported ? null
        : Simd512<T>.IsSupported ? FusedLoopWriter<Simd512<T>, T>.Write(_program, parts)
        : Simd256<T>.IsSupported ? FusedLoopWriter<Simd256<T>, T>.Write(_program, parts)
        : FusedLoopWriter<Simd128<T>, T>.Write(_program, parts);

    private struct Sweep : IRangeWork
    {
        public void* Code;   // a delegate in the frame of the caller, which waits
        public void** Rows;
        public nint* Strides;
        public nint** Picks;
        public int Inputs, Places;
        public nint Length;
        public bool IsOneRow;

        public readonly void Run(nint start, nint end)
        {
            void** rows = stackalloc void*[Places + 1];
            for (int i = 0; i < Places; i++)
                rows[i] = (T*)Rows[i] + (start * Strides[i]);

            rows[Places] = Rows[Places];
            nint** picks = stackalloc nint*[Inputs];
            for (int i = 0; i < Inputs; i++)
                picks[i] = Picks[i] == null ? null : Picks[i] + start;

            // Rows without a gap are one long row.
            var (length, count) = IsOneRow ? (Length * (end - start), 1) : (Length, end - start);
            Unsafe.AsRef<FusedCode>(Code)(rows, Strides, picks, length, count);
        }
    }
}
