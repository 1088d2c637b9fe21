namespace BlasNet.Planning;

/// <summary>Which memory a value lies in.</summary>
internal enum Space : byte
{
    /// <summary>None: nothing reads the value, or its node has several results, each with a place of its own.</summary>
    None,

    /// <summary>The arena of the run.</summary>
    Arena,

    /// <summary>The model's flat buffer.</summary>
    Parameters,

    /// <summary>The graph's data pools.</summary>
    Data,

    /// <summary>The buffer that receives gradients, laid out as the parameters are.</summary>
    Gradients,
}

/// <summary>Where a kernel writes a value.</summary>
internal enum Destination : byte
{
    /// <summary>Nowhere, as no kernel runs for it: a leaf, a view, a value read through row indices, a gather or sum that its inputs' kernels fill.</summary>
    None,

    /// <summary>A buffer of its own.</summary>
    Own,

    /// <summary>Its part of the buffer of the gather that sets it beside others.</summary>
    Slice,

    /// <summary>The whole buffer of the sum that it is a term of.</summary>
    Sum,

    /// <summary>A few columns of such a buffer, which is zero elsewhere: a term of the gradient of a table that is only looked up.</summary>
    Columns,
}

/// <summary>What becomes of the numbers at the destination: y ← β·y + value.</summary>
internal enum Beta : byte
{
    /// <summary>They are overwritten.</summary>
    Zero,

    /// <summary>The value is added to them.</summary>
    One,

    /// <summary>They are overwritten in the first microbatch of a step and added to in the later ones: the first to write a gradient.</summary>
    ZeroThenOne,
}

/// <summary>Where a node's value lies and how it gets there.</summary>
/// <remarks>
/// 24 bytes. The methods below make only what has a meaning:
/// <list type="table">
/// <item><term>None</term><description>no β; a leaf, a view, an indexed value, or a buffer that others fill</description></item>
/// <item><term>Own</term><description>β = 0; 1 for a sum that adds its other terms to those that are there; 0, then 1 for a gradient</description></item>
/// <item><term>Slice</term><description>β = 0</description></item>
/// <item><term>Sum</term><description>β = 0 for the first term, or 0, then 1 if the sum is a gradient; 1 for the others</description></item>
/// <item><term>Columns</term><description>β = 1: the gradient's owner clears it</description></item>
/// </list>
/// </remarks>
internal readonly record struct Placement
{
    private readonly int _list;   // where its row indices start, + 1

    private Placement(int rowIndices) => _list = rowIndices + 1;

    public Space Space { get; init; }

    public Destination Destination { get; private init; }

    public Beta Beta { get; private init; }

    /// <summary>The node in whose buffer the value lies: itself, unless it is a view, a slice or a term of a sum.</summary>
    public int Buffer { get; init; }

    /// <summary>Elements from the start of that node's buffer; for its own value, from the start of the space. For data, the attribute.</summary>
    public long Offset { get; init; }

    /// <summary>The index of the parameter to whose gradient <see cref="Destination.Columns"/> are added.</summary>
    public int Parameter { get; private init; }

    /// <summary>Whether the value is never materialised, because readers find its vectors by row indices.</summary>
    public bool IsIndexed => _list > 0;

    /// <summary>Where the value's row indices start.</summary>
    public int RowIndices => _list - 1;

    /// <summary>Whether the kernel writes to the buffer of a sum.</summary>
    public bool IsTerm => Destination is Destination.Sum or Destination.Columns;

    /// <summary>A needed node whose results have the places.</summary>
    public static Placement None(int node) => new() { Buffer = node };

    /// <summary>A parameter or data.</summary>
    public static Placement Leaf(int node, Space space, long offset) => new() { Space = space, Buffer = node, Offset = offset };

    /// <summary>A value that is computed into a buffer of its own.</summary>
    /// <param name="node">The node.</param>
    /// <param name="space">Where the buffer is.</param>
    /// <param name="offset">Its start, if that is known already.</param>
    public static Placement Own(int node, Space space, long offset = 0) =>
        new() { Space = space, Destination = Destination.Own, Buffer = node, Offset = offset };

    /// <summary>A value whose vectors lie anywhere in the arena.</summary>
    public static Placement Indexed(int node, int rowIndices) => new(rowIndices) { Space = Space.Arena, Buffer = node };

    /// <summary>A part of this value.</summary>
    /// <param name="self">The node whose placement this is.</param>
    /// <param name="offset">The part's first element.</param>
    public Placement View(int self, long offset) => new() { Space = Space, Buffer = Buffer, Offset = Buffer == self ? offset : Offset + offset };

    /// <summary>A value that is computed into a part of this buffer.</summary>
    public Placement Slice(long offset) => new() { Space = Space, Destination = Destination.Slice, Buffer = Buffer, Offset = offset };

    /// <summary>A term that is computed into this sum's buffer.</summary>
    public Placement Term(Beta beta) => new() { Space = Space, Destination = Destination.Sum, Beta = beta, Buffer = Buffer };

    /// <summary>A term that is added to a few columns of this gradient.</summary>
    public Placement ColumnTerm(int parameter) =>
        new() { Space = Space, Destination = Destination.Columns, Beta = Beta.One, Buffer = Buffer, Parameter = parameter };

    /// <summary>The same buffer, which the node's own kernel writes with this β.</summary>
    public Placement With(Beta beta) => this with { Destination = Destination.Own, Beta = beta };

    /// <summary>The same buffer, which the inputs' kernels fill.</summary>
    public Placement Filled() => this with { Destination = Destination.None, Beta = Beta.Zero };
}
