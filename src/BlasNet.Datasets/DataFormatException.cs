namespace BlasNet.Datasets;

/// <summary>A data file cannot be read: what was expected, and where.</summary>
/// <remarks>The message is <c>FILE:LINE: rule</c>, <c>FILE: byte N: rule</c> or <c>FILE: rule</c>.</remarks>
public sealed class DataFormatException : Exception
{
    private DataFormatException(string file, string place, string rule, Exception? inner)
        : base($"{file}{place}: {rule}", inner) => (File, Rule) = (file, rule);

    /// <summary>The file as the caller named it.</summary>
    public string File { get; }

    /// <summary>The line the rule was broken in, counted from 1; null where the file is not text or the file as a whole is meant.</summary>
    public long? Line { get; private init; }

    /// <summary>The byte the rule was broken at, counted from 0 in the unzipped data; null in text.</summary>
    public long? Offset { get; private init; }

    /// <summary>What the format asks for, and what was found.</summary>
    public string Rule { get; }

    internal static DataFormatException InFile(string file, string rule, Exception? inner = null) => new(file, "", rule, inner);

    internal static DataFormatException AtLine(string file, long line, string rule, Exception? inner = null) =>
        new(file, $":{line}", rule, inner) { Line = line };

    internal static DataFormatException AtByte(string file, long offset, string rule, Exception? inner = null) =>
        new(file, $": byte {offset}", rule, inner) { Offset = offset };
}
