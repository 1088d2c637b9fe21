namespace BlasNet.Graphs;

/// <summary>A node without inputs, whose value lies outside the arena.</summary>
internal abstract class LeafOperator : Operator
{
    public override Storage Storage => Storage.External;

    // The graph gives leaves their shape when it makes them.
    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => throw new InvalidOperationException($"{Name} has its shape from its data.");

    public override void Forward<T>(in Operands<T> stack) { }

    public override void Gradient(in GradientContext g) { }
}

/// <summary>A parameter of the model. Attribute: its index (upper half) and its offset in the flat buffer.</summary>
internal sealed class ParameterOperator : LeafOperator
{
    public static readonly ParameterOperator Instance = new();

    public override string Name => "parameter";

    public override Merging Merging => Merging.Stack;

    public static int IndexOf(long attribute) => (int)(attribute >> 32);

    public static int OffsetOf(long attribute) => (int)attribute;
}

/// <summary>One example's numbers. Attribute: their place in the data pools.</summary>
internal sealed class InputOperator : LeafOperator
{
    public static readonly InputOperator Instance = new();

    public override string Name => "input";

    public override Merging Merging => Merging.Data;
}

/// <summary>One example's whole number. Attribute: its place in the data pools.</summary>
internal sealed class IndexOperator : LeafOperator
{
    public static readonly IndexOperator Instance = new();

    public override string Name => "index";

    public override Merging Merging => Merging.Data;

    public override bool IsComparable => true;
}

/// <summary>The seed of one random draw. Attribute: its place in the data pools.</summary>
internal sealed class KeyOperator : LeafOperator
{
    public static readonly KeyOperator Instance = new();

    public override string Name => "key";

    public override Merging Merging => Merging.Data;
}

/// <summary>Numbers that are the same for every example. Attribute: their place in the data pools.</summary>
internal sealed class ConstantOperator : LeafOperator
{
    public static readonly ConstantOperator Instance = new();

    public override string Name => "constant";
}

/// <summary>What a function's body is given. Attribute: which argument.</summary>
internal sealed class ArgumentOperator : LeafOperator
{
    public static readonly ArgumentOperator Instance = new();

    public override string Name => "argument";

    public override Merging Merging => Merging.Never;

    public override string Describe(long attribute) => $"{attribute}";
}
