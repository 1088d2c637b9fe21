namespace BlasNet.Memory;

/// <summary>A range of the elements of a flat buffer.</summary>
internal readonly record struct Segment(int Start, int Length)
{
    public int End => Start + Length;

    /// <summary>Appends a range after the others; where it goes on from the last of them, that one grows.</summary>
    public static void Append(List<Segment> segments, Segment next)
    {
        if (segments.Count > 0 && segments[^1].End == next.Start)
            segments[^1] = new Segment(segments[^1].Start, segments[^1].Length + next.Length);
        else
            segments.Add(next);
    }
}
