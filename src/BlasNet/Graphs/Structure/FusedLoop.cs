using System.Numerics;
using System.Runtime.CompilerServices;
using BlasNet.Kernels;

namespace BlasNet.Graphs.Structure;

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

        double work = (program.Steps.Length * NanosecondsPerStep) + (count * parts.Columns * parts.Length * parts.Count * NanosecondsPerElement);
        long now = Interlocked.Add(ref _interpretation, (long)work);
        if (RuntimeFeature.IsDynamicCodeSupported && now >= PayingInterpretation && now - (long)work < PayingInterpretation)
            ThreadPool.UnsafeQueueUserWorkItem(static write => write.Loop.Write(write.Inputs), (Loop: this, Inputs: stack.InputCount), preferLocal: false);

        return false;
    }

    /// <summary>Computes a stack by this code.</summary>
    public bool TryRun(FusedCode code, in Operands<T> stack, int count)
    {
        ReadOnlySpan<FusedBuffer> buffers = program.Buffers;
        int inputs = stack.InputCount;
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
            strides[i] = isShared || input.Picks != null ? 0 : input.Stride;
            picks[i] = input.Picks;
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

            T* result = program.ResultOf(stack, i);
            bool isNeeded = result != null;
            rows[inputs + i] = isNeeded ? result : program.ScratchOf<T>(i);
            strides[inputs + i] = isNeeded ? buffers[i].Shape.Rows : 0;
            isOneRow &= strides[inputs + i] == parts.Length;
        }

        var work = new Sweep
        {
            Code = Unsafe.AsPointer(ref code), Rows = rows, Strides = strides, Picks = picks, Inputs = inputs, Places = inputs + buffers.Length,
            Length = parts.Length, IsOneRow = isOneRow,
        };
        ComputeThreads.Divide(work, (nint)count * parts.Columns, parts.Length * parts.Count * NanosecondsPerElement);
        return true;
    }

    private void Write(int inputs)
    {
        if (!RuntimeFeature.IsDynamicCodeSupported)
            return;

        Volatile.Write(ref _code,
            Simd512<T>.IsSupported ? FusedLoopWriter<Simd512<T>, T>.Write(program, parts, inputs)
            : Simd256<T>.IsSupported ? FusedLoopWriter<Simd256<T>, T>.Write(program, parts, inputs)
            : FusedLoopWriter<Simd128<T>, T>.Write(program, parts, inputs));
    }

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
