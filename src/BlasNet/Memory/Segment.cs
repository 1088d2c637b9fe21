namespace BlasNet.Memory;

/// <summary>A range of the elements of a flat buffer.</summary>
internal readonly record struct Segment(int Start, int Length)
{
    public int End => Start + Length;

    /// <summary>Elements of all ranges, of a buffer that has no more than 32-bit offsets reach.</summary>
    public static int LengthOf(ReadOnlySpan<Segment> segments)
    {
        int all = 0;
        foreach (Segment segment in segments)
            all += segment.Length;

        return all;
    }

    /// <summary>Divides ranges in ascending order into parts of equal length, but for less than a cache line's elements.</summary>
    public static void Split(ReadOnlySpan<Segment> segments, ReadOnlySpan<List<Segment>> parts)
    {
        const int Unit = 16;
        long all = LengthOf(segments);
        foreach (List<Segment> part in parts)
            part.Clear();

        (int current, long done) = (0, 0);
        foreach (Segment segment in segments)
        {
            for (int start = segment.Start; start < segment.End;)
            {
                while (current < parts.Length - 1 && done >= all * (current + 1) / parts.Length)
                    current++;

                long room = all * (current + 1) / parts.Length - done;
                int length = (int)Math.Min(segment.End - start, (room + Unit - 1) / Unit * Unit);
                parts[current].Add(new Segment(start, length));
                (start, done) = (start + length, done + length);
            }
        }
    }

    /// <summary>Appends what two lists have in common, each in ascending order.</summary>
    public static void AppendCommon(List<Segment> common, ReadOnlySpan<Segment> one, ReadOnlySpan<Segment> other)
    {
        int i = other.IsEmpty ? one.Length : FirstEndingAfter(one, other[0].Start), j = 0;
        while (i < one.Length && j < other.Length)
        {
            (int start, int end) = (Math.Max(one[i].Start, other[j].Start), Math.Min(one[i].End, other[j].End));
            if (start < end)
                Append(common, new Segment(start, end - start));

            if (one[i].End < other[j].End)
                i++;
            else
                j++;
        }
    }

    private static int FirstEndingAfter(ReadOnlySpan<Segment> segments, int position)
    {
        (int low, int high) = (0, segments.Length);
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = segments[middle].End > position ? (low, middle) : (middle + 1, high);
        }

        return low;
    }

    /// <summary>Appends a range after the others; where it goes on from the last of them, that one grows.</summary>
    public static void Append(List<Segment> segments, Segment next)
    {
        if (segments.Count > 0 && segments[^1].End == next.Start)
            segments[^1] = new Segment(segments[^1].Start, segments[^1].Length + next.Length);
        else
            segments.Add(next);
    }
}
