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
        if ((Volatile.Read(ref _code) ?? (ComputeSettings.Current.IsEager ? Write() : null)) is { } code)
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
        int places = parts.Inputs + _program.Buffers.Length;
        void** rows = stackalloc void*[places + 1];
        nint* strides = stackalloc nint[places];
        nint** indices = stackalloc nint*[parts.Inputs];
        var work = new Sweep
        {
            Code = Unsafe.AsPointer(ref code),
            Rows = rows,
            Strides = strides,
            RowIndices = indices,
            Inputs = parts.Inputs,
            Places = places,
            Length = parts.Length,
            IsOneRow = parts.IsUniform,
        };
        if (!TryPlaceInputs(ref work, stack, count))
            return false;

        PlaceResults(ref work, stack);
        T[] zeros = _zeros;
        rows[places] = zeros.Length == 0 ? null : Unsafe.AsPointer(ref zeros[0]);
        ComputeThreads.Divide(work, (nint)count * parts.Columns, parts.Length * parts.Count * NanosecondsPerElement);
        GC.KeepAlive(zeros);   // another thread may need more of them, and replace these
        return true;
    }

    private bool TryPlaceInputs(ref Sweep work, in Operands<T> stack, int count)
    {
        for (int i = 0; i < work.Inputs; i++)
        {
            Operand<T> input = stack[i];
            bool isShared = input.Count < count;
            if (isShared && parts.Columns > 1)
                return false;

            work.Rows[i] = input.Data;
            work.Strides[i] = isShared || input.RowIndices != null ? 0 : input.Stride;
            work.RowIndices[i] = input.RowIndices;
            work.IsOneRow &= work.Strides[i] == parts.Length;
            if (input.RowIndices != null && _zeros.Length < input.Shape.Rows)
                _zeros = GC.AllocateArray<T>(input.Shape.Rows, pinned: true);
        }

        return true;
    }

    // A result that nothing needs goes to scratch memory, one row over another.
    private void PlaceResults(ref Sweep work, in Operands<T> stack)
    {
        ReadOnlySpan<FusedBuffer> buffers = _program.Buffers;
        for (int i = 0; i < buffers.Length; i++)
        {
            if (buffers[i].Result < 0)
                continue;

            int place = work.Inputs + i;
            T* result = _program.ResultOf(stack, i);
            work.Rows[place] = result != null ? result : _program.ScratchOf<T>(i);
            work.Strides[place] = result != null ? buffers[i].Shape.Rows : 0;
            work.IsOneRow &= work.Strides[place] == parts.Length;
        }
    }

    // Equal programs, such as the two directions of a bidirectional layer, share their code.
    private FusedCode? Write()
    {
        lock (Written)
        {
            Written.RemoveAll(known => !known.TryGetTarget(out _));
            foreach (WeakReference<FusedLoop<T>> known in Written)
            {
                if (known.TryGetTarget(out FusedLoop<T>? loop) && loop._program.Is(_program))
                {
                    Volatile.Write(ref _code, loop._code);
                    return loop._code;
                }
            }

            FusedCode? code = WriteWidest();
            Volatile.Write(ref _code, code);
            Written.Add(new WeakReference<FusedLoop<T>>(this));
            return code;
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
        public nint** RowIndices;
        public int Inputs, Places;
        public nint Length;
        public bool IsOneRow;

        public readonly void Run(nint start, nint end)
        {
            void** rows = stackalloc void*[Places + 1];
            for (int i = 0; i < Places; i++)
                rows[i] = (T*)Rows[i] + (start * Strides[i]);

            rows[Places] = Rows[Places];
            nint** indices = stackalloc nint*[Inputs];
            for (int i = 0; i < Inputs; i++)
                indices[i] = RowIndices[i] == null ? null : RowIndices[i] + start;

            // Rows without a gap are one long row.
            var (length, count) = IsOneRow ? (Length * (end - start), 1) : (Length, end - start);
            Unsafe.AsRef<FusedCode>(Code)(rows, Strides, indices, length, count);
        }
    }
}
