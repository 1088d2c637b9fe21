namespace BlasNet.Tests;

/// <summary>The clone that these tests were built in.</summary>
internal static class Repository
{
    /// <summary>Its root folder.</summary>
    public static string Root { get; } = Find();

    private static string Find()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder != null && !File.Exists(Path.Combine(folder, "BlasNet.sln")))
            folder = Path.GetDirectoryName(folder);

        return folder ?? throw new DirectoryNotFoundException($"BlasNet.sln is in no folder above {AppContext.BaseDirectory}: run the tests where they were built.");
    }
}
