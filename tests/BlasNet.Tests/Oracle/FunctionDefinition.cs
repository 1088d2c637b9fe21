namespace BlasNet.Tests.Oracle;

/// <summary>A function of a random program: what its body does with its arguments, whose numbers follow those of the parameters.</summary>
/// <param name="Name">For reports.</param>
/// <param name="FirstArgument">The number of the parameters, which the body may use.</param>
/// <param name="Arguments">The arguments' shapes.</param>
/// <param name="Form">How arguments are passed.</param>
/// <param name="Steps">The body.</param>
/// <param name="Results">The values returned.</param>
internal sealed record FunctionDefinition(
    string Name, int FirstArgument, Shape[] Arguments, ArgumentForm Form, IReadOnlyList<Step> Steps, int[] Results)
{
    /// <summary>Which arguments are indices, and what they have to be below; 0 for values.</summary>
    public int[] IndexLimits { get; init; } = [];

    public IEnumerable<FunctionDefinition> Callees => Steps.Where(step => step.Function is not null).Select(step => step.Function!);

    /// <summary>Whether it returns what it was given, or a parameter.</summary>
    public bool HandsOn => Results.Any(result => result < FirstArgument + Arguments.Length);

    public string ArgumentText(string[] operands) => Form == ArgumentForm.Tuple && operands.Length > 1
        ? $"({operands[0]}, {operands[1]}){string.Concat(operands[2..].Select(operand => ", " + operand))}"
        : string.Join(", ", operands);

    public string ToText(Func<int, string> name)
    {
        string[] arguments = [.. Arguments.Select((shape, i) => $"{name(FirstArgument + i)} {shape}")];
        string results = string.Join(", ", Results.Select(name));
        string result = Results.Length == 1 ? results : $"({results})";
        string body = string.Concat(Steps.Select(step => $"\n      {step.ToText(name)}"));
        return $"var {Name} = Function.Of(\"{Name}\", ({ArgumentText(arguments)}) => {{{body}\n      return {result}; }});";
    }

    /// <summary>By reference: a program has few functions, whose steps would be compared one by one.</summary>
    public bool Equals(FunctionDefinition? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}

/// <summary>How a function takes its arguments.</summary>
internal enum ArgumentForm
{
    /// <summary>One parameter for each.</summary>
    Separate,

    /// <summary>The first two as a tuple.</summary>
    Tuple,
}
