namespace BlasNet.Graphs;

/// <summary>A node without inputs. Its value lies outside the arena.</summary>
/// <param name="merging">How leaves of several examples become one stack.</param>
internal abstract class LeafOperator(Merging merging) : Operator(new() { Merging = merging, Storage = Storage.External })
{
    /// <summary>True for integers, where equal numbers of different examples are one value.</summary>
    public virtual bool IsComparable => false;

    // The graph gives leaves their shape when it makes them.
    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => throw new InvalidOperationException($"{Name} has its shape from its data.");

    public override void Forward<T>(in Operands<T> stack) { }

    public override void Gradient(in GradientContext g) { }
}

/// <summary>A parameter of the model. Attribute: its index (upper half) and its offset in the flat buffer.</summary>
internal sealed class ParameterOperator() : LeafOperator(Merging.Stack)
{
    public static readonly ParameterOperator Instance = new();

    public override string Name => "parameter";

    public static int IndexOf(long attribute) => (int)(attribute >> 32);

    public static int OffsetOf(long attribute) => (int)attribute;
}

/// <summary>One example's numbers. Attribute: their place in the data pools.</summary>
internal sealed class InputOperator() : LeafOperator(Merging.Data)
{
    public static readonly InputOperator Instance = new();

    public override string Name => "input";

}

/// <summary>One example's integer. Attribute: its place in the data pools.</summary>
internal sealed class IndexOperator() : LeafOperator(Merging.Data)
{
    public static readonly IndexOperator Instance = new();

    public override string Name => "index";

    public override bool IsComparable => true;
}

/// <summary>The seed of one random draw. Attribute: its place in the data pools.</summary>
internal sealed class KeyOperator() : LeafOperator(Merging.Data)
{
    public static readonly KeyOperator Instance = new();

    public override string Name => "key";

}

/// <summary>Numbers that are the same for every example. Attribute: their place in the data pools.</summary>
internal sealed class ConstantOperator() : LeafOperator(Merging.Stack)
{
    public static readonly ConstantOperator Instance = new();

    public override string Name => "constant";
}

/// <summary>What a function's body is given. Attribute: which argument.</summary>
internal sealed class ArgumentOperator() : LeafOperator(Merging.Never)
{
    public static readonly ArgumentOperator Instance = new();

    public override string Name => "argument";

    public override string Describe(long attribute) => $"{attribute}";
}
