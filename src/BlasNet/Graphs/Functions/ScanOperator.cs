namespace BlasNet.Graphs.Functions;

/// <summary>A small graph at the vertices of many recurrences together, level by level: a single node, whose steps its kernel goes through.</summary>
/// <remarks>Attribute: a <see cref="ScanList"/>. Results: stacks with a value for each vertex of it, in its order.</remarks>
/// <param name="results">The shapes of the results for one vertex.</param>
internal abstract class ScanOperator(Shape[] results) : Operator(new() { Merging = Merging.Never, ReadsWholeStacks = true, HasList = true })
{
    public override int ResultCount => results.Length;

    /// <summary>Launches of a kernel, at all levels.</summary>
    public abstract int LaunchesOver(ScanList list);

    /// <summary>Elements of states that are copied because those of a level do not lie in order.</summary>
    public abstract long CopiedBy(ScanList list);

    /// <summary>Elements of the memory that the kernel needs for the largest level, besides its operands and results.</summary>
    public abstract long ScratchOf(ScanList list);

    /// <summary>Floating-point operations of its products for each vertex.</summary>
    public abstract long FlopsOfVertex { get; }

    public override Shape ResultShape(int result, Shape shape) => results[result];

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => results[0];
}
