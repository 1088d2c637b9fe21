namespace BlasNet.Graphs;

/// <summary>What passes ask of an operator, so that none of them has to name one. An operator states its traits once, where it is defined.</summary>
/// <remarks>Contract tests hold every operator to what it states: say no more than is true.</remarks>
internal sealed record Traits
{
    /// <summary>How nodes become one stack.</summary>
    public Merging Merging { get; init; } = Merging.Stack;

    /// <summary>True where an input may be a stack of another size than the output's, of which the operator takes what it needs.</summary>
    public bool ReadsWholeStacks { get; init; }

    /// <summary>What is added up, where <see cref="Merging"/> is a sum.</summary>
    public SumTerms? Terms { get; init; }

    /// <summary>What the memory planner may do with the output.</summary>
    public Storage Storage { get; init; } = Storage.Computed;

    /// <summary>True where the kernel honours <see cref="Operands{T}.Accumulate"/>.</summary>
    public bool CanAccumulate { get; init; }

    /// <summary>The inputs whose vectors the kernel finds by <see cref="Operand{T}.RowIndices"/>, so that they need not be gathered.</summary>
    public IndirectInputs Indirect { get; init; }

    /// <summary>True where the attribute is a list of moves.</summary>
    public bool HasMoves { get; init; }

    /// <summary>True where the attribute is a list of integers of the graph.</summary>
    public bool HasList { get; init; }

    /// <summary>True where the value's columns are columns of the inputs: which ones tells <see cref="Operator.ColumnsFrom"/>.</summary>
    public bool MovesColumns { get; init; }

    /// <summary>The operator that computes the same over a ragged stack, given what <see cref="Operator.AddSegments"/> says of its values; asked where
    /// <see cref="Operator.IsColumnWise"/> says no.</summary>
    public Operator? OverSegments { get; init; }

    /// <summary>True where <see cref="Operator.IsColumnWise"/> always says no, so that values of a single column are segments like others.</summary>
    public bool IsNeverColumnWise { get; init; }

    /// <summary>True where row i of a vector depends on row i of the operands, or on scalars, alone.</summary>
    public bool IsElementwise { get; init; }

    /// <summary>True where computing the value again costs more than reading it: tanh, not a sum.</summary>
    public bool IsCostly { get; init; }

    /// <summary>True where each element of the value is an element of an input, or 0: nothing is computed.</summary>
    public bool OnlyMoves { get; init; }

    /// <summary>Whether it is one of the basic operations, which other nodes can compute on the way.</summary>
    public Arithmetic Arithmetic { get; init; }

    /// <summary>Which of the nodes of attention or of its gradient it is; together they can be computed without their scores.</summary>
    public AttentionPart Attention { get; init; }

    /// <summary>Whether the rows of the value are rows of the first input; which ones is a <see cref="Part"/>, the attribute.</summary>
    public RowShift RowShift { get; init; }
}

/// <summary>How a node takes part when batching merges nodes of one signature.</summary>
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
/// <param name="Apart">The operator that leaves the terms apart.</param>
/// <param name="Form">How a term follows from the inputs.</param>
internal sealed record SumTerms(Operator Apart, TermForm Form);

/// <summary>How the terms of a sum over a stack follow from its inputs.</summary>
internal enum TermForm
{
    /// <summary>Values of the output's shape.</summary>
    Whole,

    /// <summary>a·bᵀ of the two inputs, for each of their columns.</summary>
    OuterProduct,

    /// <summary>The first input, as the column of a table that the second input numbers.</summary>
    Column,
}

/// <summary>What the memory planner may do with a node's output instead of computing it into a buffer of its own.</summary>
internal enum Storage
{
    /// <summary>The node computes into a buffer of the arena.</summary>
    Computed,

    /// <summary>As <see cref="Computed"/>; may also overwrite an input of the same size that nothing reads afterwards.</summary>
    InPlace,

    /// <summary>The same elements in the same order as the first input: never copied.</summary>
    View,

    /// <summary>Copies ranges of elements: a view where there is a single range.</summary>
    Moves,

    /// <summary>A sum of its inputs; producers that can accumulate write into its buffer directly.</summary>
    Accumulator,

    /// <summary>Lives outside the arena: parameters and data.</summary>
    External,

    /// <summary>One of several results, written by the kernel of the node it belongs to.</summary>
    Result,
}

/// <summary>Which inputs a kernel reads through row indices.</summary>
internal enum IndirectInputs : byte
{
    None,
    First,
    All,
}

/// <summary>A basic operation on two values, element by element.</summary>
internal enum Arithmetic : byte
{
    None,

    /// <summary>a + b.</summary>
    Sum,

    /// <summary>a − b.</summary>
    Difference,

    /// <summary>a · b.</summary>
    Product,
}

/// <summary>The nodes of attention, V·softmax(Kᵀ·Q), and of its gradient, which read one another.</summary>
internal enum AttentionPart : byte
{
    None,

    /// <summary>Inputs: K, Q.</summary>
    Scores,

    /// <summary>Input: scores.</summary>
    Softmax,

    /// <summary>Inputs: V, the softmax of scores.</summary>
    Result,

    /// <summary>Of a gradient. Input: the scores' own, times their softmax.</summary>
    Total,

    /// <summary>Of a gradient. Inputs: one column for each query, scores.</summary>
    ByKey,
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

/// <summary>An operator that multiplies matrices: inputs 0 and 1 are its factors.</summary>
internal interface IMatrixProduct
{
    /// <summary>The operator that also adds a vector, as one more input, to each column of the product; null where there is none.</summary>
    Operator? WithBias => null;

    /// <summary>The operator that also applies a function to each element, with the function's attribute; null where it cannot.</summary>
    Operator? Then(Operator function) => null;

    /// <summary>Floating-point operations for one value of a node, or of its input that has most.</summary>
    long Flops(Graph graph, int node);
}

/// <summary>An operator that, when it accumulates, writes to some columns of its output only.</summary>
internal interface IColumnWriter
{
    /// <summary>The input that holds the numbers of these columns.</summary>
    int ColumnIndexInput { get; }
}
