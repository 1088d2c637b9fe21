using System.Numerics;
using System.Runtime.CompilerServices;
using BlasNet.Kernels;

namespace BlasNet.Graphs;

/// <summary>An operation: its rule for shapes, its values and its gradient. Each operator is one file of Operators/.</summary>
/// <param name="traits">What passes ask of it.</param>
internal abstract class Operator(Traits traits)
{
    private static int _lastId;

    private delegate void Kernel<T>(in Operands<T> stack) where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    private Kernel<float>? _single;
    private Kernel<double>? _double;

    /// <summary>Distinguishes operators in hashes.</summary>
    internal int Id { get; } = Interlocked.Increment(ref _lastId);

    /// <summary>As printed in graphs and errors.</summary>
    public abstract string Name { get; }

    /// <summary>What passes ask of the operator.</summary>
    public Traits Traits { get; } = traits;

    /// <inheritdoc cref="Traits.Merging"/>
    public Merging Merging { get; } = traits.Merging;

    /// <inheritdoc cref="Traits.Storage"/>
    public Storage Storage { get; } = traits.Storage;

    /// <inheritdoc cref="Traits.HasMoves"/>
    public bool HasMoves { get; } = traits.HasMoves;

    /// <summary>True where computing some of a stack's values at a time, right after their operands, saves trips to memory: element-wise operators.</summary>
    public bool IsFusible => Storage == Storage.InPlace;

    /// <inheritdoc cref="Traits.ReadsWholeStacks"/>
    public bool ReadsWholeStacks => Traits.ReadsWholeStacks || HasMoves || Merging is Merging.Reduction or Merging.Sum;

    /// <inheritdoc cref="Traits.HasList"/>
    public bool HasList { get; } = traits.HasList;

    /// <summary>Number of results. The nodes right after a node with several stand for them; it has no value of its own.</summary>
    public virtual int ResultCount => 1;

    /// <summary>True where the kernel finds the vectors of an input by <see cref="Operand{T}.RowIndices"/>, so that they need not be gathered.</summary>
    public virtual bool ReadsIndirect(int input) => Traits.Indirect == IndirectInputs.All || (Traits.Indirect == IndirectInputs.First && input == 0);

    /// <summary>The operator that gives the sum of what this one gives for the values of a stack; null where there is none.</summary>
    public virtual Operator? SumOverStack => null;

    /// <summary>The shape of one of several results.</summary>
    /// <param name="result">Which result.</param>
    /// <param name="shape">Of the node.</param>
    public virtual Shape ResultShape(int result, Shape shape) => throw new InvalidOperationException($"{Name} has a single result.");

    /// <summary>The output's shape.</summary>
    /// <exception cref="ShapeException">The inputs break the operator's rule.</exception>
    public abstract Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute);

    /// <summary>True where column j of the output depends, of a stacked input, on column j only, or on its only column: then a value [r × c] is as good as
    /// c vectors, and values with different numbers of columns merge.</summary>
    /// <param name="inputs">Shapes of the inputs.</param>
    /// <param name="shared">For each input, whether it is the same for every example.</param>
    public virtual bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) => false;

    /// <summary>Where <see cref="Traits.MovesColumns"/>: the columns of an input that the value has; they follow those of the inputs before.</summary>
    public virtual (int Start, int Length) ColumnsFrom(Shape input, long attribute) => (0, input.Columns);

    /// <summary>The attribute of a value as that of each of its columns, which are values of their own in a stack of columns.</summary>
    public virtual long ColumnAttribute(long attribute) => attribute;

    /// <summary>Appends what <see cref="Traits.OverSegments"/> needs to know of one value: by default its number of columns, or that of its inputs if it is a
    /// sum over them.</summary>
    /// <param name="inputs">Shapes of the inputs.</param>
    /// <param name="output">The value's shape.</param>
    /// <param name="attribute">The value's attribute.</param>
    /// <param name="list">As many numbers for each value.</param>
    public virtual void AddSegments(ReadOnlySpan<Shape> inputs, Shape output, long attribute, List<int> list)
    {
        int columns = output.Columns;
        foreach (Shape input in inputs)
            columns = Math.Max(columns, input.Columns);

        list.Add(columns);
    }

    /// <summary>A vector of the value from one of each operand, where the operator is element-wise.</summary>
    public virtual V Apply<V, T>(ReadOnlySpan<V> operands, long attribute) where V : struct, ISimd<V, T> where T : unmanaged =>
        throw new InvalidOperationException($"{Name} is not element-wise.");

    /// <summary>Calls <see cref="Forward"/> by a delegate that is made once: looking a generic virtual method up takes 10 ns a call, a tenth of a
    /// tagger's step.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<T>(in Operands<T> stack) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (typeof(T) == typeof(float))
            Unsafe.As<Kernel<T>>(_single ??= Forward)(stack);
        else
            Unsafe.As<Kernel<T>>(_double ??= Forward)(stack);
    }

    /// <summary>Computes a stack: <c>Output.Count</c> values. An input has that count, or count 1: the same value for all.</summary>
    public abstract void Forward<T>(in Operands<T> stack) where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    /// <summary>Adds, by <see cref="GradientContext.Accumulate"/>, what the output's gradient contributes to each input's.</summary>
    public abstract void Gradient(in GradientContext g);

    /// <summary>The attribute as printed after the name; empty where the operator has none.</summary>
    public virtual string Describe(long attribute) => "";

    public override string ToString() => Name;
}
