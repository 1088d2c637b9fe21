using BlasNet.Memory;

namespace BlasNet.Graphs;

/// <summary>A range of elements that moves from an input of a node to its output; what gather copies, scatter-add adds.</summary>
/// <param name="Input">Which input of the node.</param>
/// <param name="Source">First element in the input's stack.</param>
/// <param name="Target">First element in the output's stack.</param>
/// <param name="Length">Number of elements.</param>
/// <param name="IsFirst">Of a scatter-add: nothing earlier in the list adds to these elements of the output, so they are written, not added to.</param>
internal readonly record struct Move(int Input, int Source, int Target, int Length, bool IsFirst = false)
{
    /// <summary>Whether whole vectors of a length move to places of whole vectors.</summary>
    public bool MovesVectors(Divisor rows) => rows.Divides(Source) && MovesToVectors(rows);

    /// <summary>Whether what moves comes to lie in places of whole vectors of a length.</summary>
    public bool MovesToVectors(Divisor rows) => rows.Divides(Target) && rows.Divides(Length);

    /// <summary>The same range on its way back, as the gradient needs it.</summary>
    public Move Reverse() => new(0, Target, Source, Length);
}
