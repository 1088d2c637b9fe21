using BlasNet.Native;

namespace BlasNet.Tests.Native;

public sealed class DirectoryFileTests
{
    [Fact]
    public void A_directory_is_flushed_and_one_that_is_not_there_is_not()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "on Unix only");
        using var folder = new TemporaryFolder();

        Assert.True(DirectoryFile.TryFlush(folder.Path));
        Assert.False(DirectoryFile.TryFlush(folder.File("missing")));
    }
}
