namespace BlasNet.Graphs;

/// <summary>One node of a graph. Together rather than in an array for each part: whoever looks at a node needs most of it, and finds it in one cache line.</summary>
/// <param name="Operator">What it computes.</param>
/// <param name="Attribute">What else the operator needs to know: a number, a place, a list of runs.</param>
/// <param name="Shape">Of one value.</param>
/// <param name="Count">Values of the stack.</param>
/// <param name="FirstInput">Where its inputs start in the graph's list.</param>
/// <param name="InputCount">How many they are.</param>
/// <param name="IsShared">The same value for every example.</param>
internal readonly record struct Node(Operator Operator, long Attribute, Shape Shape, int Count, int FirstInput, int InputCount, bool IsShared)
{
    /// <summary>Elements of the whole stack.</summary>
    public int Length => checked(Count * Shape.Size);

    /// <summary>Whether all parts agree.</summary>
    public bool Is(in Node other) => ReferenceEquals(Operator, other.Operator) && Attribute == other.Attribute && Shape == other.Shape
        && Count == other.Count && FirstInput == other.FirstInput && InputCount == other.InputCount;
}
