using System.Numerics;
using System.Runtime.CompilerServices;
using BlasNet.Graphs.Functions;
using BlasNet.Kernels;

namespace BlasNet.Graphs;

/// <summary>How a node takes part when the batch pass merges nodes of one kind.</summary>
internal enum Merging
{
    /// <summary>The results are laid one after another: a stack.</summary>
    Stack,

    /// <summary>The results add up, so they may merge where all of them go into one sum: a parameter's gradient.</summary>
    Sum,

    /// <summary>An n-ary sum; several of them, with any number of terms each, become one scatter-add.</summary>
    Reduction,

    /// <summary>Per-example data; the values already lie one after another in their pool.</summary>
    Data,

    /// <summary>Never merges.</summary>
    Never,

    /// <summary>Goes with the node whose result it is.</summary>
    Result,
}

/// <summary>What an operator whose results add up over a stack adds up.</summary>
internal enum TermForm
{
    /// <summary>Values of the output's shape.</summary>
    Whole,

    /// <summary>a·bᵀ of its two inputs, for each of their columns.</summary>
    OuterProduct,

    /// <summary>Its first input, as the column of a table that the second tells.</summary>
    Column,
}

/// <summary>What the memory planner may do with a node's output instead of computing it into a buffer of its own.</summary>
internal enum Storage
{
    /// <summary>The node computes into a buffer of the arena.</summary>
    Computed,

    /// <summary>As <see cref="Computed"/>; may also overwrite an input of the same size that nobody needs afterwards.</summary>
    InPlace,

    /// <summary>The same elements in the same order as the first input: never copied.</summary>
    View,

    /// <summary>Copies runs of elements: a view where there is a single run.</summary>
    Moves,

    /// <summary>A sum of its inputs; producers that can accumulate write into its buffer directly.</summary>
    Accumulator,

    /// <summary>Lives outside the arena: parameters and data.</summary>
    External,

    /// <summary>One of several results, written by the kernel of the node it belongs to.</summary>
    Result,
}

/// <summary>How the rows of a value come from those of its first input.</summary>
internal enum RowShift : byte
{
    /// <summary>In some other way.</summary>
    None,

    /// <summary>They are some of its rows.</summary>
    Selects,

    /// <summary>Its rows are some of them; the others are zero.</summary>
    Pads,
}

/// <summary>An operation: its rule for shapes, its values and its gradient. Each operator is one file of Operators/.</summary>
internal abstract class Operator
{
    private static int _lastId;

    private delegate void Kernel<T>(in Operands<T> stack) where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    private Kernel<float>? _single;
    private Kernel<double>? _double;

    /// <summary>Distinguishes operators in hashes.</summary>
    internal int Id { get; } = Interlocked.Increment(ref _lastId);

    /// <summary>As printed in graphs and errors.</summary>
    public abstract string Name { get; }

    public virtual Merging Merging => Merging.Stack;

    public virtual Storage Storage => Storage.Computed;

    /// <summary>True where computing some of a stack's values at a time, right after their operands, saves trips to memory: element-wise operators.</summary>
    public virtual bool IsFusible => Storage == Storage.InPlace;

    /// <summary>True of a + b.</summary>
    public virtual bool IsAddition => false;

    /// <summary>Of a product: the operator that adds a vector, as one more input, to each column on the way; null for others.</summary>
    public virtual Operator? WithBias => null;

    /// <summary>True where row i of a vector depends on row i of the operands, or on numbers, alone.</summary>
    public virtual bool IsElementwise => false;

    /// <summary>A vector of the value from one of each operand, where <see cref="IsElementwise"/>.</summary>
    public virtual V Apply<V, T>(ReadOnlySpan<V> operands, long attribute) where V : struct, ISimd<V, T> where T : unmanaged =>
        throw new InvalidOperationException($"{Name} is not element-wise.");

    /// <summary>True where computing the value again costs more than reading it: tanh, not a sum.</summary>
    public virtual bool IsCostly => false;

    /// <summary>Whether the rows of the value are rows of the first input.</summary>
    public virtual RowShift RowShift => RowShift.None;

    /// <summary>The first row that is selected, or that the first input's first row becomes.</summary>
    public virtual int ShiftOf(long attribute) => 0;

    /// <summary>True where <see cref="Forward"/> honours <see cref="Operands{T}.Accumulate"/>.</summary>
    public virtual bool CanAccumulate => false;

    /// <summary>The input that holds the numbers of the columns that <see cref="Forward"/> adds to, where that is all it writes when it accumulates;
    /// −1 for operators that write everywhere.</summary>
    public virtual int ColumnIndexInput => -1;

    /// <summary>True for data of which equal numbers are the same value, worth being found: whole numbers.</summary>
    public virtual bool IsComparable => false;

    /// <summary>True where the attribute is a list of <see cref="Run"/>s.</summary>
    public virtual bool HasMoves => false;

    /// <summary>Number of results. The nodes right after a node with several stand for them; it has no value of its own.</summary>
    public virtual int ResultCount => 1;

    /// <summary>The shape of one of several results.</summary>
    public virtual Shape ResultShape(int result) => throw new InvalidOperationException($"{Name} has a single result.");

    /// <summary>True where the kernel finds the vectors of an input by <see cref="Operand{T}.RowIndices"/>, so that nobody has to gather them.</summary>
    public virtual bool ReadsIndirect(int input) => false;

    /// <summary>What a node calls; null where the operator is not a call.</summary>
    public virtual Body? Callee => null;

    /// <summary>True where an input may be a stack of another size than the output's, of which the operator picks what it needs.</summary>
    public virtual bool ReadsWholeStacks => HasMoves || Merging is Merging.Reduction or Merging.Sum;

    /// <summary>Of an operator whose results add up over a stack: the operator that leaves the terms of the sum apart; null for others.</summary>
    public virtual Operator? Terms => null;

    /// <summary>The form of these terms.</summary>
    public virtual TermForm TermForm => TermForm.Whole;

    /// <summary>The output's shape.</summary>
    /// <exception cref="ShapeException">The inputs break the operator's rule.</exception>
    public abstract Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute);

    /// <summary>True where column j of the output depends, of a stacked input, on column j only: then a value [r × c] is as good as c vectors,
    /// and values with different numbers of columns merge.</summary>
    /// <param name="inputs">Shapes of the inputs.</param>
    /// <param name="shared">For each input, whether it is the same for every example.</param>
    public virtual bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) => false;

    /// <summary>Floating-point operations of the matrix product for one value, given its left factor's shape; 0 for operators that are not products.</summary>
    public virtual long Flops(Shape left, Shape output) => 0;

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
