using System.Numerics;
using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Memory;

namespace BlasNet.Fusion;

/// <summary>Where a step of a fused operator reads.</summary>
internal enum FusedSource : byte
{
    /// <summary>An input of the node.</summary>
    Input,

    /// <summary>What an earlier step has computed.</summary>
    Buffer,

    /// <summary>A number.</summary>
    Constant,
}

/// <summary>An operand of a step.</summary>
/// <param name="Source">Input, buffer or constant.</param>
/// <param name="Index">Which of them.</param>
/// <param name="Offset">Its first row there.</param>
/// <param name="Shape">What is read.</param>
internal readonly record struct FusedOperand(FusedSource Source, int Index, int Offset, Shape Shape);

/// <summary>One operator of a fused program.</summary>
/// <param name="Operator">What it computes; null to copy its only operand.</param>
/// <param name="Attribute">Its attribute.</param>
/// <param name="FirstOperand">Its operands' place in the program's list.</param>
/// <param name="OperandCount">How many they are.</param>
/// <param name="Buffer">Where its value goes.</param>
/// <param name="Offset">Its first row there.</param>
/// <param name="Shape">Its value.</param>
internal readonly record struct FusedStep(Operator? Operator, long Attribute, int FirstOperand, int OperandCount, int Buffer, int Offset, Shape Shape);

/// <summary>Where steps write.</summary>
/// <param name="Shape">One value.</param>
/// <param name="Result">Which result of the node it is; −1 for what is forgotten after each chunk.</param>
/// <param name="Cleared">Steps do not cover it; the rest is zero.</param>
internal readonly record struct FusedBuffer(Shape Shape, int Result, bool Cleared);

/// <summary>Several operators in one sweep over a stack: as a <see cref="FusedLoop{T}"/>, or else interpreted.</summary>
internal sealed unsafe class FusedProgram
{
    /// <summary>Elements of all buffers for one chunk: 24 KiB in single precision, of a first-level cache of 32 KiB or more.</summary>
    private const int ChunkElements = 6144;

    /// <summary>Of one step; for deciding on threads, so the order of magnitude is enough.</summary>
    private const double NanosecondsPerElement = 0.2;

    /// <summary>Most operands of a step.</summary>
    public const int MaxOperands = 8;

    private readonly FusedStep[] _steps;
    private readonly FusedOperand[] _operands;
    private readonly FusedBuffer[] _buffers;
    private readonly PinnedNumbers _constants;
    private readonly int[] _starts;   // of each buffer within the scratch memory of one value
    private readonly int _scratchSize;
    private readonly long _elements;   // that all steps together compute of one value
    private readonly bool _isSingle;   // its result is the node's own value
    private readonly FusedLoop<float>? _single;
    private readonly FusedLoop<double>? _double;

    public FusedProgram(ReadOnlySpan<FusedStep> steps, ReadOnlySpan<FusedOperand> operands, ReadOnlySpan<FusedBuffer> buffers, ReadOnlySpan<double> constants)
    {
        (_steps, _operands, _buffers) = (steps.ToArray(), operands.ToArray(), buffers.ToArray());
        _constants = new PinnedNumbers(constants);
        _elements = _steps.Sum(step => (long)step.Shape.Size);
        _starts = PlaceScratch();
        for (int i = 0; i < buffers.Length; i++)
            _scratchSize = Math.Max(_scratchSize, _starts[i] + buffers[i].Shape.Size);

        _isSingle = _buffers.Count(buffer => buffer.Result >= 0) == 1;
        Parts = FusedParts.Of(steps, operands, buffers);
        if (Parts is not null)
            (_single, _double) = (new FusedLoop<float>(this, Parts), new FusedLoop<double>(this, Parts));
    }

    /// <summary>How it can be done as a loop; null if it cannot.</summary>
    public FusedParts? Parts { get; }

    public ReadOnlySpan<FusedStep> Steps => _steps;

    public ReadOnlySpan<double> Constants => _constants.Span;

    public ReadOnlySpan<FusedBuffer> Buffers => _buffers;

    /// <summary>Whether this is the program of these parts.</summary>
    public bool Is(ReadOnlySpan<FusedStep> steps, ReadOnlySpan<FusedOperand> operands, ReadOnlySpan<FusedBuffer> buffers, ReadOnlySpan<double> constants) =>
        steps.SequenceEqual(_steps) && operands.SequenceEqual(_operands) && buffers.SequenceEqual(_buffers) && constants.SequenceEqual(_constants.Span);

    /// <summary>Whether both do the same.</summary>
    public bool Is(FusedProgram other) => Is(other._steps, other._operands, other._buffers, other.Constants);

    public ReadOnlySpan<FusedOperand> OperandsOf(in FusedStep step) => _operands.AsSpan(step.FirstOperand, step.OperandCount);

    /// <summary>Where a buffer that is a result is written; null if nothing reads it.</summary>
    public T* ResultOf<T>(in Operands<T> stack, int buffer) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        _isSingle ? stack.Output.Data : stack.Result(_buffers[buffer].Result).Data;

    /// <summary>This thread's memory for one value of a buffer.</summary>
    public T* ScratchOf<T>(int buffer) where T : unmanaged => Scratch<T>.Get(_scratchSize) + _starts[buffer];

    /// <param name="stack">The operands of a node with as many results as the program has result buffers.</param>
    /// <param name="count">Values of the stack.</param>
    public void Run<T>(in Operands<T> stack, int count) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        FusedLoop<T>? loop = typeof(T) == typeof(float) ? Unsafe.As<FusedLoop<T>>(_single) : Unsafe.As<FusedLoop<T>>(_double);
        if (loop is null || !loop.TryRun(stack, count))
            Interpret(stack, count);
    }

    /// <summary>Each chunk of a stack goes through all steps while it is in the first-level cache; large stacks are divided among threads.</summary>
    public void Interpret<T>(in Operands<T> stack, int count) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        FusedProgram program = this;
        var sweep = new Sweep<T> { Program = Unsafe.AsPointer(ref program), Stack = Unsafe.AsPointer(ref Unsafe.AsRef(in stack)) };
        ComputeThreads.Divide(sweep, count, _elements * NanosecondsPerElement);
    }

    private void Interpret<T>(in Operands<T> stack, int first, int end) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int gathered = 0;
        for (int i = 0; i < stack.InputCount; i++)
            gathered += stack[i].RowIndices == null ? 0 : stack[i].Shape.Rows;

        int chunk = Math.Clamp(ChunkElements / (_scratchSize + gathered), 1, end - first);
        T* scratch = Scratch<T>.Get(chunk * (_scratchSize + gathered));
        T** buffers = stackalloc T*[_buffers.Length];
        for (int i = 0; i < _buffers.Length; i++)
            buffers[i] = _buffers[i].Result < 0 ? null : ResultOf(stack, i);

        for (int start = first; start < end; start += chunk)
        {
            int part = Math.Min(chunk, end - start);
            RunChunk(stack, start, part, chunk, buffers, scratch);
        }
    }

    private void RunChunk<T>(in Operands<T> stack, int start, int count, int chunk, T** results, T* scratch)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        OperandList<T> given = default;
        T** gathered = stackalloc T*[stack.InputCount];
        Gather(stack, start, count, scratch + (nint)chunk * _scratchSize, gathered);
        for (int i = 0; i < _buffers.Length; i++)
        {
            if (_buffers[i].Cleared)
                new Span<T>(Place(i, start, chunk, results, scratch), count * _buffers[i].Shape.Size).Clear();
        }

        foreach (ref readonly FusedStep step in _steps.AsSpan())
        {
            for (int j = 0; j < step.OperandCount; j++)
            {
                FusedOperand operand = _operands[step.FirstOperand + j];
                given[j] = operand.Source switch
                {
                    FusedSource.Input => Part(stack[operand.Index], gathered[operand.Index], operand, start, count),
                    FusedSource.Buffer => new Operand<T>(
                        Place(operand.Index, start, chunk, results, scratch) + operand.Offset, operand.Shape, count, StrideOf(operand.Index)),
                    _ => new Operand<T>(_constants.At<T>(operand.Index), Shape.Scalar, 1),
                };
            }

            var target = new Operand<T>(Place(step.Buffer, start, chunk, results, scratch) + step.Offset, step.Shape, count, StrideOf(step.Buffer));
            if (step.Operator is null)
                Rows.Copy(given[0].Data, given[0].Count == 1 ? 0 : given[0].Stride, target.Data, target.Stride, step.Shape.Rows, count * step.Shape.Columns);
            else
                step.Operator.Run(new Operands<T>(given[..step.OperandCount], target, step.Attribute));
        }
    }

    // Buffers that no step needs at the same time share memory, so that chunks are larger.
    private int[] PlaceScratch()
    {
        int[] starts = new int[_buffers.Length];
        (int First, int Last)[] steps = [.. Enumerable.Range(0, _buffers.Length).Select(StepsOf)];
        for (int i = 0; i < starts.Length; i++)
        {
            for (int j = 0; j < i; j++)
            {
                bool overlaps = starts[i] < starts[j] + _buffers[j].Shape.Size && starts[j] < starts[i] + _buffers[i].Shape.Size;
                if (overlaps && steps[i].First <= steps[j].Last && steps[j].First <= steps[i].Last)
                    (starts[i], j) = (starts[j] + _buffers[j].Shape.Size, -1);   // and look at all others again
            }
        }

        return starts;
    }

    // The first and the last step that use a buffer; one that is cleared, from the start.
    private (int First, int Last) StepsOf(int buffer)
    {
        int[] uses = [.. Enumerable.Range(0, _steps.Length).Where(i => _steps[i].Buffer == buffer
            || Array.Exists(OperandsOf(_steps[i]).ToArray(), operand => operand.Source == FusedSource.Buffer && operand.Index == buffer))];
        return uses.Length == 0 || _buffers[buffer].Cleared ? (0, _steps.Length) : (uses[0], uses[^1]);
    }

    // Copies the chunk's rows of each input with row indices to the memory given; null for inputs that lie in order.
    private static void Gather<T>(in Operands<T> stack, int start, int count, T* memory, T** gathered) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < stack.InputCount; i++)
        {
            Operand<T> input = stack[i];
            gathered[i] = input.RowIndices == null ? null : memory;
            if (gathered[i] == null)
                continue;

            int rows = input.Shape.Rows;
            Rows.Pick(input.Data, input.RowIndices + start, memory, rows, rows, count);
            memory += count * rows;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private T* Place<T>(int buffer, int start, int chunk, T** results, T* scratch) where T : unmanaged =>
        results[buffer] != null ? results[buffer] + (nint)start * _buffers[buffer].Shape.Size : scratch + (nint)_starts[buffer] * chunk;

    private int StrideOf(int buffer) => _buffers[buffer].Shape.Rows;

    private static Operand<T> Part<T>(Operand<T> whole, T* gathered, FusedOperand operand, int start, int count)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        gathered != null ? new Operand<T>(gathered + operand.Offset, operand.Shape, count, whole.Shape.Rows)
        : whole.Count == 1 ? new Operand<T>(whole.Data + operand.Offset, operand.Shape, 1, whole.Stride)
        : new Operand<T>(whole.At(start) + operand.Offset, operand.Shape, count, whole.Stride);

    // Both lie in the frame of the caller, which waits.
    private struct Sweep<T> : IRangeWork where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public void* Program, Stack;

        public readonly void Run(nint start, nint end) =>
            Unsafe.AsRef<FusedProgram>(Program).Interpret(Unsafe.AsRef<Operands<T>>(Stack), (int)start, (int)end);
    }

    [InlineArray(MaxOperands)]
    private struct OperandList<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private Operand<T> _first;
    }
}
